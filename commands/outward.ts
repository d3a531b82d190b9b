// SPDX-License-Identifier: Apache-2.0
import { AppendTooLarge, Unavailable, VersionConflict } from '../event-log/index.js';
import { conflict, NxError, unavailable } from '../kernel/index.js';

/** What the log refused, as it is told to who asked; anything else is a fault of ours and stays as it is. */
export function outward(error: unknown): unknown {
  if (error instanceof VersionConflict) {
    return conflict('Others changed the same at the same time; try again');
  }
  if (error instanceof AppendTooLarge) {
    return new NxError('PAYLOAD_TOO_LARGE', 'The change is larger than the log takes at once', [], error);
  }
  return error instanceof Unavailable ? unavailable('The event log is not available', error) : error;
}
