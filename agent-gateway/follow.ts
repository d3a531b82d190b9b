// SPDX-License-Identifier: Apache-2.0
import type { EventLog } from '../event-log/index.js';
import {
  type Category,
  deferred,
  errorMessage,
  type Position,
  type Random,
  type Timers,
} from '../kernel/index.js';
import type { StoredEvent } from '../schemas/index.js';
import type { GatewayLog } from './deps.js';

const FIRST_RETRY_MS = 200;
/** Agents get nothing new before the log is followed again. */
const LONGEST_RETRY_MS = 2_000;

interface FollowDeps {
  readonly log: EventLog;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: GatewayLog;
  /** Must not throw for an event that it does not care about; one that throws is shown again. */
  readonly on: (event: StoredEvent) => void;
}

/**
 * Shows every event of these categories, from the beginning and then live. A log that cannot be read is asked again
 * from where it broke off: agents go on with what they have meanwhile.
 */
export function follow(
  deps: FollowDeps,
  categories: readonly Category[],
): { /** Resolves when the past has been shown. */ readonly caughtUp: Promise<void>; stop(): Promise<void> } {
  const stopping = new AbortController();
  const past = deferred();

  const run = async (): Promise<void> => {
    let after: Position = 0n;
    let delay = FIRST_RETRY_MS;
    while (!stopping.signal.aborted) {
      try {
        for await (const delivery of deps.log.subscribe({ after, categories, signal: stopping.signal })) {
          if (delivery.kind === 'event') {
            deps.on(delivery.event);
            after = delivery.event.position;
          } else {
            after = delivery.position;
            past.resolve();
          }
          delay = FIRST_RETRY_MS;
        }
      } catch (error) {
        deps.logger.error({ error: errorMessage(error), after: String(after) }, 'the log cannot be followed');
      }
      await deps.timers
        .sleep(delay * (0.5 + deps.random.fraction() / 2), stopping.signal)
        .catch(() => undefined);
      delay = Math.min(delay * 2, LONGEST_RETRY_MS);
    }
  };
  const running = run();
  return {
    caughtUp: past.promise,
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
}
