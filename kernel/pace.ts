// SPDX-License-Identifier: Apache-2.0
import { setImmediate as turn } from 'node:timers/promises';
import type { Clock } from './clock.js';

/** Asked between two steps of long work: lets everything else have its turn when the work has held it for too long. */
export type Pace = () => Promise<void> | undefined;

const HOLD_MS = 5;

export function pace(clock: Pick<Clock, 'monotonic'>, holdMs = HOLD_MS): Pace {
  let since = clock.monotonic();
  return () =>
    clock.monotonic() - since < holdMs
      ? undefined
      : turn().then(() => {
          since = clock.monotonic();
        });
}
