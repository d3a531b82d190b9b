// SPDX-License-Identifier: Apache-2.0
/** Resources for tests: a whole one from the few fields that a test is about. */
import type {
  CertificateSpec,
  DirectiveSpec,
  HeaderSpec,
  HostSpec,
  LocationSpec,
  Resources,
  ServerSpec,
  UpstreamSpec,
} from './index.js';

const uuid = (kind: string, index: number): string =>
  `${kind}0000000-0000-4000-8000-${String(index).padStart(12, '0')}`;

export const hostId = (index: number): string => uuid('a', index);
export const upstreamId = (index: number): string => uuid('b', index);
export const certificateId = (index: number): string => uuid('c', index);

export const server = (address: string, more: Partial<ServerSpec> = {}): ServerSpec => ({
  address,
  weight: 1,
  backup: false,
  down: false,
  max_fails: 1,
  fail_timeout: 10,
  ...more,
});

export const upstream = (index: number, more: Partial<UpstreamSpec> = {}): UpstreamSpec => ({
  id: upstreamId(index),
  name: `upstream-${index}`,
  algorithm: 'round_robin',
  servers: [server('127.0.0.1:9')],
  keepalive_connections: 0,
  ...more,
});

export const location = (path: string, more: Partial<LocationSpec> = {}): LocationSpec => ({
  path,
  proxy_pass: null,
  upstream_id: null,
  root: null,
  index: null,
  custom_headers: [],
  rewrite_rules: [],
  custom_directives: [],
  ...more,
});

export const host = (index: number, more: Partial<HostSpec> = {}): HostSpec => ({
  id: hostId(index),
  name: `Host ${index}`,
  server_name: `host-${index}.test`,
  listen_port: 8080,
  ssl_enabled: false,
  listens: [],
  ssl_certificate_id: null,
  http2_enabled: false,
  http3_enabled: false,
  locations: [],
  custom_directives: [],
  target_agents: { type: 'all' },
  ...more,
});

export const certificate = (index: number, fingerprint: string | null): CertificateSpec => ({
  id: certificateId(index),
  domain: `host-${index}.test`,
  fingerprint,
});

export const header = (name: string, value: string, more: Partial<HeaderSpec> = {}): HeaderSpec => ({
  name,
  value,
  always: false,
  applies_to: 'response',
  ...more,
});

export const directive = (name: string, ...args: readonly string[]): DirectiveSpec => ({
  directive: name,
  args,
});

export interface Parts {
  readonly hosts?: readonly HostSpec[];
  readonly upstreams?: readonly UpstreamSpec[];
  readonly certificates?: readonly CertificateSpec[];
}

const byId = <T extends { readonly id: string }>(list: readonly T[] = []): Map<string, T> =>
  new Map(list.map((one) => [one.id, one]));

export const resources = ({ hosts, upstreams, certificates }: Parts): Resources => ({
  virtualHosts: byId(hosts),
  upstreams: byId(upstreams),
  certificates: byId(certificates),
});

export const agent = { id: 'd0000000-0000-4000-8000-000000000000', labels: { env: 'production' } };
