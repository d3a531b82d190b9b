// SPDX-License-Identifier: Apache-2.0
import type { EventLog, Expected } from '../event-log/index.js';
import { type Position, streams, uuidv5 } from '../kernel/index.js';
import type {
  Certificate,
  EnrolledAgent,
  Fact,
  NewEvent,
  Organization,
  ParkedHost,
  Upstream,
  VirtualHost,
  Workspace,
} from '../schemas/index.js';
import { schemaVersion } from '../schemas/index.js';

export const AT = '2026-03-02T12:00:00.000Z';
export const id = (...parts: readonly (string | number)[]): string => uuidv5('test', ...parts);
export const digest = (text: string): string =>
  Buffer.from(text).toString('hex').padEnd(64, '0').slice(0, 64);

const times = { created_at: AT, updated_at: AT };
export const ORGANIZATION = id('organization');

export const organization = (key: string, name = key): Organization => ({
  id: id('organization', key),
  name,
  slug: key,
  ...times,
});

export const workspace = (key: string, name = key): Workspace => ({
  id: id('workspace', key),
  organization_id: ORGANIZATION,
  name,
  slug: key,
  ...times,
});

export const agent = (key: string, name = key): EnrolledAgent => ({
  id: id('agent', key),
  workspace_id: id('workspace', 'w'),
  name,
  labels: { env: 'production' },
  ...times,
});

export const upstream = (key: string, servers = 2, weight = 1): Upstream => ({
  id: id('upstream', key),
  workspace_id: id('workspace', 'w'),
  name: key,
  algorithm: 'round_robin',
  servers: Array.from({ length: servers }, (_, n) => ({
    address: `10.0.1.${n}:8080`,
    weight,
    backup: false,
    down: false,
    max_fails: 3,
    fail_timeout: 30,
  })),
  health_check: {
    enabled: true,
    path: '/health',
    interval: 10,
    timeout: 5,
    healthy_threshold: 2,
    unhealthy_threshold: 3,
  },
  keepalive_connections: 0,
  ...times,
});

export const virtualHost = (key: string, port = 80): VirtualHost => ({
  id: id('virtual_host', key),
  workspace_id: id('workspace', 'w'),
  name: key,
  server_name: `${key}.example.com`,
  listen_port: port,
  ssl_enabled: false,
  listens: [],
  ssl_certificate_id: null,
  http2_enabled: false,
  http3_enabled: false,
  locations: [
    {
      path: '/',
      proxy_pass: null,
      upstream_id: id('upstream', 'api'),
      root: null,
      index: null,
      custom_headers: [{ name: 'X-Forwarded-Proto', value: '$scheme', always: false, applies_to: 'request' }],
      rewrite_rules: [],
      custom_directives: [],
    },
  ],
  custom_directives: [],
  target_agents: { type: 'all' },
  ...times,
});

export const parkedHost = (key: string, held_version: number | null = null): ParkedHost => ({
  virtual_host_id: id('virtual_host', key),
  name: key,
  content: digest('c'),
  held_version,
  suspect: false,
  reason: 'HOST_NOT_FOUND',
  stage: 'tested',
  message: `${key}: host not found`,
});

export const certificate = (domain: string): Certificate => ({
  id: id('certificate', domain),
  workspace_id: id('workspace', 'w'),
  domain,
  names: [domain],
  is_wildcard: false,
  provider: 'custom',
  status: 'active',
  fingerprint: digest(domain),
  issued_at: AT,
  expires_at: '2026-06-02T12:00:00.000Z',
  auto_renew: false,
  ...times,
});

export const WORKSPACE = streams.workspace(id('workspace', 'w'));

const EMPTY_DIGEST = digest('');
let count = 0;

/** An event around a fact, with an id of its own. */
export function event(fact: Fact): NewEvent {
  count += 1;
  const meta = {
    command_id: id('command', count),
    command_digest: EMPTY_DIGEST,
    correlation_id: id('command', count),
    causation_id: id('command', count),
    actor: 'system',
    organization_id: ORGANIZATION,
    schema_version: String(schemaVersion(fact.type)),
    recorded_at: AT,
  };
  return { id: id('event', count), ...fact, meta } as NewEvent;
}

/** Appends facts to streams, keeping count of their revisions. */
export function factWriter(log: EventLog): (stream: string, ...facts: readonly Fact[]) => Promise<Position> {
  const heads = new Map<string, Expected>();
  return async (stream, ...facts) => {
    const { revision, position } = await log.append(stream, heads.get(stream) ?? 'none', facts.map(event));
    heads.set(stream, revision);
    return position;
  };
}
