// SPDX-License-Identifier: Apache-2.0
import type { Logger } from 'pino';
import { errorMessage, type Timers } from '../kernel/index.js';

const FIRST_MS = 100;
/** What waits for a store or a log that is back goes on soon after. */
const LAST_MS = 2_000;

/** Runs a loop until the signal aborts; one that fails starts again after a pause that grows. */
export async function supervise(
  name: string,
  loop: (signal: AbortSignal) => Promise<void>,
  { timers, log, signal }: { timers: Timers; log: Logger; signal: AbortSignal },
): Promise<void> {
  let delay = FIRST_MS;
  while (!signal.aborted) {
    try {
      await loop(signal);
      delay = FIRST_MS;
    } catch (error) {
      if (signal.aborted) {
        return;
      }
      log.error(
        { loop: name, error: errorMessage(error), again_in_ms: delay },
        'a loop failed and starts again',
      );
      await timers.sleep(delay, signal).catch(() => {});
      delay = Math.min(LAST_MS, delay * 2);
    }
  }
}
