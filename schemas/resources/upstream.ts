// SPDX-License-Identifier: Apache-2.0
import { closed, oneOf, type Static, Timestamp, Type, Uuid } from '../common.js';

export const UpstreamName = Type.String({
  minLength: 1,
  maxLength: 63,
  pattern: '^[a-z0-9]([a-z0-9-]*[a-z0-9])?$',
});

/** `host:port`; host is an IPv4 address, an IPv6 address in brackets, or a DNS name. */
export const ServerAddress = Type.String({
  minLength: 3,
  maxLength: 261,
  pattern: '^([A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?|\\[[0-9A-Fa-f:.]+\\]):[0-9]{1,5}$',
});

export const ALGORITHMS = ['round_robin', 'least_connections', 'ip_hash', 'weighted_round_robin'] as const;
export const Algorithm = oneOf(...ALGORITHMS);

/** One server of an upstream. `fail_timeout` is in seconds. */
export const UpstreamServer = closed({
  address: ServerAddress,
  weight: Type.Integer({ minimum: 1, maximum: 65535 }),
  backup: Type.Boolean(),
  down: Type.Boolean(),
  max_fails: Type.Integer({ minimum: 0, maximum: 1000 }),
  fail_timeout: Type.Integer({ minimum: 0, maximum: 86400 }),
});
export type UpstreamServer = Static<typeof UpstreamServer>;

export const UrlPath = Type.String({
  minLength: 1,
  maxLength: 1024,
  pattern: "^/[A-Za-z0-9._~!&'()*+,=:@%/-]*$",
});

/** Active probes of an upstream's servers. `interval` and `timeout` are in seconds. */
export const HealthCheck = closed({
  enabled: Type.Boolean(),
  path: UrlPath,
  interval: Type.Integer({ minimum: 1, maximum: 3600 }),
  timeout: Type.Integer({ minimum: 1, maximum: 300 }),
  healthy_threshold: Type.Integer({ minimum: 1, maximum: 100 }),
  unhealthy_threshold: Type.Integer({ minimum: 1, maximum: 100 }),
});
export type HealthCheck = Static<typeof HealthCheck>;

export const KeepaliveConnections = Type.Integer({ minimum: 0, maximum: 4096 });

export const Upstream = closed({
  id: Uuid,
  workspace_id: Uuid,
  name: UpstreamName,
  algorithm: Algorithm,
  servers: Type.Array(UpstreamServer, { minItems: 1, maxItems: 256 }),
  health_check: HealthCheck,
  keepalive_connections: KeepaliveConnections,
  created_at: Timestamp,
  updated_at: Timestamp,
});
export type Upstream = Static<typeof Upstream>;
