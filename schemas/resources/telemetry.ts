// SPDX-License-Identifier: Apache-2.0
import { closed, nullable, type Static, Timestamp, Type, Uuid } from '../common.js';

const count = Type.Integer({ minimum: 0 });
const amount = Type.Number({ minimum: 0 });

const figures = {
  requests_total: count,
  /** Over the whole range, or what has passed of it. */
  requests_per_second: amount,
  /** Share of the answers that were 5xx. */
  error_rate: Type.Number({ minimum: 0, maximum: 1 }),
  bandwidth: closed({ in_bytes: count, out_bytes: count }),
  status_codes: closed({ '2xx': count, '3xx': count, '4xx': count, '5xx': count }),
};

export const MetricsPoint = closed({
  /** When the step begins. */
  at: Timestamp,
  ...figures,
  /** Null where nothing was answered. */
  latency_ms: nullable(closed({ average: amount, p50: amount, p95: amount, p99: amount })),
});
export type MetricsPoint = Static<typeof MetricsPoint>;

export const Metrics = closed({
  ...figures,
  /** At the end of the range. */
  active_connections: count,
  /** With `step` only. */
  series: Type.Optional(Type.Array(MetricsPoint)),
});
export type Metrics = Static<typeof Metrics>;

/** One answered request. Texts are as the client sent them, cut to their bounds, control characters escaped. */
export const AccessLogRecord = closed({
  id: Uuid,
  agent_id: Uuid,
  timestamp: Timestamp,
  remote_addr: Type.String({ maxLength: 64 }),
  method: Type.String({ maxLength: 32 }),
  uri: Type.String({ maxLength: 2048 }),
  protocol: Type.String({ maxLength: 16 }),
  host: Type.String({ maxLength: 255 }),
  status: Type.Integer({ minimum: 0, maximum: 999 }),
  body_bytes_sent: count,
  response_time_ms: amount,
  user_agent: Type.String({ maxLength: 512 }),
  referer: Type.String({ maxLength: 1024 }),
  request_id: Type.String({ maxLength: 64 }),
});
export type AccessLogRecord = Static<typeof AccessLogRecord>;
