// SPDX-License-Identifier: Apache-2.0
import { type EventLog, Unavailable } from '../event-log/index.js';
import type { Clock } from '../kernel/index.js';

/** After this long a log that refused an append is taken to be worth another try. */
const AGAIN_MS = 10_000;

export interface WatchedLog {
  readonly events: EventLog;
  /** Why the log takes no writes, in words that may be shown to anybody; undefined while it does. */
  fault(): Promise<string | undefined>;
}

/** Notes how appends fare: a log that can be read may still take nothing. */
export function watchWrites(log: EventLog, clock: Clock): WatchedLog {
  let refusedAt: number | undefined;
  return {
    events: {
      ...log,
      append: async (...given) => {
        try {
          const appended = await log.append(...given);
          refusedAt = undefined;
          return appended;
        } catch (error) {
          if (error instanceof Unavailable) {
            refusedAt = clock.monotonic();
          }
          throw error;
        }
      },
    },
    fault: async () => {
      if (log.stopped?.() !== undefined) {
        return 'the event log has stopped';
      }
      if (refusedAt !== undefined && clock.monotonic() - refusedAt < AGAIN_MS) {
        return 'the event log takes no writes';
      }
      return (await isReadable(log)) ? undefined : 'the event log is out of reach';
    },
  };
}

const isReadable = (log: EventLog): Promise<boolean> =>
  log.head().then(
    () => true,
    () => false,
  );
