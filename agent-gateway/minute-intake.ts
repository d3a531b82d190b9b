// SPDX-License-Identifier: Apache-2.0
import { type Deferred, deferred, errorMessage } from '../kernel/index.js';
import type { MetricsBatch } from '../proto/index.js';
import { type MinuteReport, type RetentionSettings, writeMinutes } from '../telemetry/index.js';
import type { GatewayDeps } from './deps.js';
import type { Identity } from './identity.js';
import { minutesOf } from './minute-metrics.js';

/** Minutes of metrics on their way into the store. */
export interface MinuteIntake {
  /** True once they are kept; false when they should be sent again. */
  take(agent: Identity, batch: MetricsBatch): Promise<boolean>;
  close(): Promise<void>;
}

const FLUSH_MS = 1000;
/** Written together. */
const REPORTS = 100;
const MOST_WAITING = 100_000;

export function minuteIntake(
  deps: Pick<GatewayDeps, 'telemetryStore' | 'clock' | 'timers' | 'logger'>,
  { minutesMs }: RetentionSettings,
): MinuteIntake {
  const { clock, timers, logger } = deps;
  /** The newest of each minute; those of one agent behind each other. */
  let waiting = new Map<string, MinuteReport>();
  let asked: Deferred<boolean> = deferred<boolean>();
  let flushing: Promise<void> = Promise.resolve();

  async function write(reports: readonly MinuteReport[]): Promise<boolean> {
    try {
      for (let first = 0; first < reports.length; first += REPORTS) {
        await writeMinutes(deps.telemetryStore, reports.slice(first, first + REPORTS));
        await timers.sleep(0);
      }
      return true;
    } catch (error) {
      logger.warn({ error: errorMessage(error) }, 'metrics were not written');
      return false;
    }
  }
  const flush = (): void => {
    if (waiting.size === 0) {
      return;
    }
    const [reports, done] = [[...waiting.values()], asked];
    waiting = new Map();
    asked = deferred<boolean>();
    // One after the other: each reads what the one before has written.
    flushing = flushing.then(async () => done.resolve(await write(reports)));
  };
  const stop = timers.every(FLUSH_MS, flush);

  return {
    take: (agent, batch) => {
      const now = clock.now();
      let left = false;
      for (const report of minutesOf(agent, batch, now - minutesMs, now)) {
        const key = `${report.agentId} ${report.start}`;
        if (waiting.size < MOST_WAITING || waiting.has(key)) {
          waiting.set(key, report);
        } else {
          left = true;
        }
      }
      if (left) {
        return Promise.resolve(false);
      }
      return waiting.size === 0 ? Promise.resolve(true) : asked.promise;
    },
    close: async () => {
      stop();
      flush();
      await flushing;
    },
  };
}
