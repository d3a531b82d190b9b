// SPDX-License-Identifier: Apache-2.0
import type { Logger } from 'pino';
import { errorMessage, Outage, type Timers } from '../kernel/index.js';

export interface Server {
  readonly name: string;
  /** Opens, asks something and closes again. */
  look(): Promise<void>;
  /** What asking again does not mend, although it is an outage. */
  isFinal?(error: unknown): boolean;
}

const FIRST_MS = 250;
const LAST_MS = 2_000;

/**
 * Processes and servers start in any order: one that is out of reach is waited for, and named, instead of ending over
 * and over. Nothing listens until then. Throws what is wrong with a server that is there.
 */
export async function awaitServers(
  servers: readonly Server[],
  { timers, log }: { timers: Timers; log: Pick<Logger, 'warn'> },
): Promise<void> {
  await Promise.all(
    servers.map(async ({ name, look, isFinal }) => {
      for (let delay = FIRST_MS; ; delay = Math.min(LAST_MS, delay * 2)) {
        try {
          await look();
          break;
        } catch (error) {
          if (!(error instanceof Outage) || isFinal?.(error)) {
            throw error;
          }
          log.warn({ server: name, error: errorMessage(error) }, 'waits for a server that is out of reach');
        }
        await timers.sleep(delay);
      }
    }),
  );
}
