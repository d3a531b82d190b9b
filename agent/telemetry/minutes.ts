// SPDX-License-Identifier: Apache-2.0
import {
  ACTIVE_CONNECTIONS,
  COUNTERS,
  type Counter,
  LATENCY_BOUNDS_MS,
  Metric,
  MetricType,
  type StatusClass,
} from '../../proto/index.js';
import type { AccessLine } from './line.js';

export const MINUTE_MS = 60_000;
/** Lines come late by seconds at most; a minute that the master has is kept for so long, should one still come. */
const LATE_MS = 10 * MINUTE_MS;
/** Minutes that are kept while the master is away. */
const MOST_MINUTES = 1440;

type Counts = Partial<Record<Counter, number>>;

/** A minute as it stands in the agent's state: JSON. */
export interface Minute {
  readonly counts: Counts;
  active?: number;
  /** How often it was changed, and how many of these changes the master has. */
  changes: number;
  told: number;
}

export type Minutes = Map<number, Minute>;

export const isTold = ({ changes, told }: Minute): boolean => changes === told;

const CLASSES: readonly (StatusClass | undefined)[] = [undefined, '1xx', '2xx', '3xx', '4xx', '5xx'];

const latencyOf = (ms: number): Counter => {
  const bound = LATENCY_BOUNDS_MS.find((one) => ms <= one);
  return bound === undefined ? 'to_inf' : `to_${bound}`;
};

/** The minute that holds this instant, about to be changed. */
export function minuteAt(minutes: Minutes, at: number): Minute {
  const start = Math.floor(at / MINUTE_MS) * MINUTE_MS;
  const minute = minutes.get(start) ?? { counts: {}, changes: 0, told: 0 };
  minutes.set(start, minute);
  minute.changes += 1;
  return minute;
}

export function add({ counts }: Minute, counter: Counter, more: number): void {
  counts[counter] = (counts[counter] ?? 0) + more;
}

export function countLine(minutes: Minutes, line: AccessLine): void {
  const minute = minuteAt(minutes, line.at);
  add(minute, 'requests', 1);
  const status = CLASSES[Math.floor(line.status / 100)];
  if (status !== undefined) {
    add(minute, status, 1);
  }
  add(minute, 'in_bytes', line.bytesIn);
  add(minute, 'out_bytes', line.bytesOut);
  add(minute, 'latency_ms', line.responseTimeMs);
  add(minute, latencyOf(line.responseTimeMs), 1);
}

/** Forgets what the master has and no line can reach any more, and the oldest beyond the most that are kept. */
export function prune(minutes: Minutes, newest: number): void {
  for (const [start, minute] of minutes) {
    if (isTold(minute) && start < newest - LATE_MS) {
      minutes.delete(start);
    }
  }
  if (minutes.size > MOST_MINUTES) {
    for (const start of [...minutes.keys()].sort((a, b) => a - b).slice(0, minutes.size - MOST_MINUTES)) {
      minutes.delete(start);
    }
  }
}

/** A minute as the master keeps it: all that is counted in it so far. */
export function metricsOf(start: number, { counts, active }: Minute): Metric[] {
  const timestamp = BigInt(start);
  const metrics = COUNTERS.filter(([counter]) => counts[counter] !== undefined).map(
    ([counter, { name, label }]) =>
      Metric.fromPartial({
        name,
        value: counts[counter] ?? 0,
        timestamp,
        type: MetricType.COUNTER,
        ...(label && { labels: { [label[0]]: label[1] } }),
      }),
  );
  if (active !== undefined) {
    metrics.push(
      Metric.fromPartial({ name: ACTIVE_CONNECTIONS, value: active, timestamp, type: MetricType.GAUGE }),
    );
  }
  return metrics;
}
