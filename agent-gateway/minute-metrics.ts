// SPDX-License-Identifier: Apache-2.0
import {
  ACTIVE_CONNECTIONS,
  COUNTERS,
  type Counter,
  type Metric,
  type MetricsBatch,
} from '../proto/index.js';
import { cellOf, floorTo, MINUTE_MS, type MinuteReport } from '../telemetry/index.js';
import type { Identity } from './identity.js';

const keyOf = (name: string, label?: string): string => JSON.stringify([name, label]);

/** Name and label → counter. */
const KNOWN = new Map(COUNTERS.map(([counter, { name, label }]) => [keyOf(name, label?.[1]), counter]));
const LABEL_OF = new Map(COUNTERS.map(([, { name, label }]) => [name, label?.[0]]));

const AHEAD_MS = 300_000;

export const isMinuteMetric = ({ name }: Metric): boolean =>
  LABEL_OF.has(name) || name === ACTIVE_CONNECTIONS;

const amountOf = ({ value }: Metric): number =>
  Number.isFinite(value) ? Math.min(Math.max(value, 0), Number.MAX_SAFE_INTEGER) : 0;

/** The minutes of a batch, whole; those before `since` or in the future are left out. */
export function minutesOf(
  { agentId, workspaceId }: Identity,
  { metrics }: MetricsBatch,
  since: number,
  now: number,
): MinuteReport[] {
  const minutes = new Map<number, { counts: Map<Counter, number>; active: number | null }>();
  for (const metric of metrics) {
    const at = Number(metric.timestamp);
    if (!isMinuteMetric(metric) || at < since || at > now + AHEAD_MS) {
      continue;
    }
    const start = floorTo(at, MINUTE_MS);
    const minute = minutes.get(start) ?? { counts: new Map<Counter, number>(), active: null };
    minutes.set(start, minute);
    if (metric.name === ACTIVE_CONNECTIONS) {
      minute.active = Math.trunc(amountOf(metric));
      continue;
    }
    const label = LABEL_OF.get(metric.name);
    const named =
      label !== undefined && Object.hasOwn(metric.labels, label) ? metric.labels[label] : undefined;
    const counter = KNOWN.get(keyOf(metric.name, named));
    if (counter !== undefined) {
      minute.counts.set(counter, amountOf(metric));
    }
  }
  return [...minutes].map(([start, { counts, active }]) => ({
    agentId,
    workspaceId,
    start,
    cell: cellOf(counts),
    active,
  }));
}
