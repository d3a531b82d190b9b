// SPDX-License-Identifier: Apache-2.0
/** Bodies made from a number, and what a resource should be once one was taken. */
import type { Doc } from './model.js';

const HEALTH_CHECK = {
  enabled: false,
  path: '/',
  interval: 10,
  timeout: 5,
  healthy_threshold: 2,
  unhealthy_threshold: 3,
};
const UPSTREAM = { algorithm: 'round_robin', health_check: HEALTH_CHECK, keepalive_connections: 0 };
const SERVER = { weight: 1, backup: false, down: false, max_fails: 1, fail_timeout: 10 };
const HOST = {
  ssl_enabled: false,
  listens: [],
  ssl_certificate_id: null,
  http2_enabled: false,
  http3_enabled: false,
  locations: [],
  custom_directives: [],
  target_agents: { type: 'all' },
};
const LOCATION = {
  proxy_pass: null,
  upstream_id: null,
  root: null,
  index: null,
  custom_headers: [],
  rewrite_rules: [],
  custom_directives: [],
};

/** RFC 7396 by fields of the first level, and of `health_check`; null takes a field back to its default. */
const over = (current: Doc, patch: Doc, defaults: Doc): Doc => ({
  ...current,
  ...Object.fromEntries(
    Object.entries(patch).map(([field, value]) => [field, value === null ? defaults[field] : value]),
  ),
});

export const serverOf = (body: Doc, current: Doc = SERVER): Doc => over(current, body, SERVER);

export const locationOf = (body: Doc, current: Doc = LOCATION): Doc => over(current, body, LOCATION);

export function upstreamOf(body: Doc, current: Doc = UPSTREAM): Doc {
  const { health_check: given } = body as { health_check?: Doc | null };
  const next = over(current, body, UPSTREAM);
  const servers = (next['servers'] as Doc[]).map((one) => serverOf(one));
  const health = given ? over(current['health_check'] as Doc, given, HEALTH_CHECK) : next['health_check'];
  return { ...next, servers, health_check: health };
}

export function hostOf(body: Doc, current: Doc = HOST): Doc {
  const usual = (body['ssl_enabled'] ?? current['ssl_enabled']) === true ? 443 : 80;
  const next = over({ listen_port: usual, ...current }, body, { ...HOST, listen_port: usual });
  return { ...next, locations: (next['locations'] as Doc[]).map((one) => locationOf(one)) };
}

export const address = (n: number): string => `10.0.${n % 3}.${1 + (n % 9)}:80`;

/** Names repeat, so that some are taken. */
export const upstreamName = (n: number): string => `pool-${n % 12}`;
export const serverName = (n: number): string => `site-${n % 12}.example.com`;

const ALGORITHMS = ['round_robin', 'least_connections', 'ip_hash'];

export const newUpstream = (n: number): Doc => ({
  name: upstreamName(n),
  servers: [{ address: address(n) }, { address: address(n + 1), weight: 1 + (n % 5) }],
  ...(n % 2 === 0 ? { algorithm: ALGORITHMS[n % 3] } : {}),
  ...(n % 5 === 0 ? { health_check: { enabled: true, interval: 10 + (n % 50) } } : {}),
});

/** Patches of an upstream by number: mostly good, some that change nothing, some that are refused. */
export function upstreamPatch(n: number): Doc {
  const patches: readonly Doc[] = [
    { keepalive_connections: n % 64 },
    { algorithm: ALGORITHMS[n % 3] },
    { algorithm: null, keepalive_connections: n % 8 },
    { name: upstreamName(n) },
    { servers: [{ address: address(n), down: n % 3 === 0, weight: 2 }, { address: address(n + 4) }] },
    { health_check: { path: `/health-${n % 4}` } },
    { health_check: null },
    { health_check: { timeout: null, interval: 20 + (n % 9) } },
  ];
  return patches[n % patches.length] ?? {};
}

/** What no schema takes, by number. */
export function badPatch(n: number): Doc {
  const patches: readonly Doc[] = [
    { name: '' },
    { unknown: n },
    { name: null },
    { servers: 'none', locations: 'none' },
    {},
  ];
  return patches[n % patches.length] ?? {};
}
