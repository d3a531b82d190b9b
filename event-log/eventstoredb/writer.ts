// SPDX-License-Identifier: Apache-2.0
import { NO_STREAM } from '@eventstore/db-client';
import { AppendTooLarge } from '../outgoing.js';
import type { Appended, Expected, RawEvent } from '../port.js';
import { LogDamaged, Unavailable, VersionConflict } from '../port.js';
import { type CallDeps, surely } from './calls.js';
import { refusedAppend } from './errors.js';
import { proposedEvent, sizeOnServer } from './events.js';
import type { Reader } from './reader.js';
import { recentIds } from './recent-ids.js';

/** The server's `MaxAppendSize` where nobody has changed it. */
export const MAX_APPEND_BYTES = 1_048_576;

/**
 * Appends with the revision that the caller expects, never without. An attempt whose outcome is not known is made again
 * with the same ids and the same expectation: the server compares the ids with what stands there, and one copy is kept.
 */
export function appender(deps: CallDeps, reader: Reader, maxBytes: number) {
  const { connection, timing } = deps;
  const recent = recentIds();

  async function send(stream: string, expected: Expected, events: readonly RawEvent[]) {
    const proposed = events.map(proposedEvent);
    const bytes = events.reduce((sum, event, at) => sum + sizeOnServer(event, proposed[at]?.metadata), 0);
    if (bytes > maxBytes) {
      throw new AppendTooLarge(stream, maxBytes, bytes);
    }
    const options = {
      ...connection.options,
      expectedRevision: expected === 'none' ? NO_STREAM : expected,
      deadline: timing.callMs,
    } as const;
    return surely(
      deps,
      `append to ${stream}`,
      () => connection.client.appendToStream(stream, proposed, options),
      (error) =>
        error instanceof LogDamaged
          ? new Unavailable(`the log has stopped: ${error.message}`)
          : refusedAppend(error, stream, expected),
      reader.sound,
    );
  }

  /** Some repeated answers come without the position. */
  async function positionAt(stream: string, revision: bigint): Promise<bigint> {
    for await (const [event] of reader.read(stream, { from: revision, limit: 1 })) {
      if (event) {
        return event.position;
      }
    }
    throw new Unavailable(`EventStoreDB, append to ${stream}: stored, but its position is not to be had`);
  }

  return async (stream: string, expected: Expected, events: readonly RawEvent[]): Promise<Appended> => {
    const first = expected === 'none' ? 0n : expected + 1n;
    if (recent.standElsewhere(stream, first, events)) {
      throw new VersionConflict(stream, expected, (await reader.last(stream))?.revision ?? 'none');
    }
    const result = await send(stream, expected, events);
    const revision = result.nextExpectedRevision;
    const position = result.position?.commit ?? (await positionAt(stream, revision));
    recent.add(stream, first, events);
    reader.seen(position);
    return { revision, position };
  };
}
