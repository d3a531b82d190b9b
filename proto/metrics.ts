// SPDX-License-Identifier: Apache-2.0
/**
 * Names of the metrics that the master keeps minute by minute; metrics of any other name are taken too, of which only
 * the newest batch is kept. `value` is all that has been counted in the minute that begins at `timestamp`.
 */

/** Upper bounds in milliseconds of the classes of response times; the last class has none. */
export const LATENCY_BOUNDS_MS = [1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000] as const;

export type StatusClass = '1xx' | '2xx' | '3xx' | '4xx' | '5xx';

type Latency = `to_${(typeof LATENCY_BOUNDS_MS)[number]}` | 'to_inf';

/** What is counted. */
export type Counter =
  | 'requests'
  | StatusClass
  | 'in_bytes'
  | 'out_bytes'
  | 'latency_ms'
  | 'log_lines_dropped'
  | Latency;

export interface MetricName {
  readonly name: string;
  /** The one label, where there is one. */
  readonly label?: readonly [key: string, value: string];
}

const responses = (status: StatusClass): readonly [Counter, MetricName] => [
  status,
  { name: 'nxmesh_minute_responses', label: ['status', status] },
];
const latency = (counter: Latency, le: string): readonly [Counter, MetricName] => [
  counter,
  { name: 'nxmesh_minute_latency', label: ['le', le] },
];

/**
 * Every counter of a minute and the metric that carries it. `nxmesh_minute_latency` with `le` counts the requests of
 * one class of response times, those of the lower classes not among them.
 */
export const COUNTERS: readonly (readonly [Counter, MetricName])[] = [
  ['requests', { name: 'nxmesh_minute_requests' }],
  responses('1xx'),
  responses('2xx'),
  responses('3xx'),
  responses('4xx'),
  responses('5xx'),
  ['in_bytes', { name: 'nxmesh_minute_bytes', label: ['direction', 'in'] }],
  ['out_bytes', { name: 'nxmesh_minute_bytes', label: ['direction', 'out'] }],
  ['latency_ms', { name: 'nxmesh_minute_latency_ms' }],
  ['log_lines_dropped', { name: 'nxmesh_minute_log_lines_dropped' }],
  ...LATENCY_BOUNDS_MS.map((bound) => latency(`to_${bound}`, String(bound))),
  latency('to_inf', 'inf'),
];

/** A gauge: connections that were open when it was last looked at within the minute. */
export const ACTIVE_CONNECTIONS = 'nxmesh_minute_active_connections';
