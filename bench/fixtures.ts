// SPDX-License-Identifier: Apache-2.0
/** A fleet's resources for benchmarks: hosts of the usual shape on a number of upstreams, the same at every run. */
import { uuidv5 } from '../kernel/index.js';
import type { Capabilities, CertificateSpec, HostSpec, LocationSpec, UpstreamSpec } from '../nginx/index.js';

export const DEBIAN: Capabilities = {
  nginxVersion: '1.22.1',
  modules: ['http_ssl', 'http_stub_status', 'http_v2'],
  bundlePrefix: '',
  webRoots: {},
};

const location = (path: string, upstreamId: string): LocationSpec => ({
  path,
  proxy_pass: null,
  upstream_id: upstreamId,
  root: null,
  index: null,
  custom_headers: [],
  rewrite_rules: [],
  custom_directives: [],
});

export const host = (index: number, upstreamId: string, port: number): HostSpec => ({
  id: uuidv5('bench', 'host', index),
  name: `Host ${index}`,
  server_name: `host-${index}.example.com www.host-${index}.example.com`,
  listen_port: port,
  ssl_enabled: false,
  listens: [],
  ssl_certificate_id: null,
  http2_enabled: false,
  http3_enabled: false,
  locations: [location('/', upstreamId), location('/api/v1', upstreamId)],
  custom_directives: [],
  target_agents: { type: 'all' },
});

export const upstream = (index: number): UpstreamSpec => ({
  id: uuidv5('bench', 'upstream', index),
  name: `upstream-${index}`,
  algorithm: 'round_robin',
  servers: [1, 2].map((one) => ({
    address: `10.${one}.${index >> 8}.${index & 255}:8080`,
    weight: 1,
    backup: false,
    down: false,
    max_fails: 1,
    fail_timeout: 10,
  })),
  keepalive_connections: 32,
});

export interface Fleet {
  readonly virtualHosts: Map<string, HostSpec>;
  readonly upstreams: Map<string, UpstreamSpec>;
  readonly certificates: Map<string, CertificateSpec>;
}

export function fleet(hosts: number, upstreams: number, port = 8080): Fleet {
  const ups = Array.from({ length: upstreams }, (_, index) => upstream(index));
  const all = Array.from({ length: hosts }, (_, index) =>
    host(index, ups[index % upstreams]?.id ?? '', port),
  );
  return {
    virtualHosts: new Map(all.map((one) => [one.id, one])),
    upstreams: new Map(ups.map((one) => [one.id, one])),
    certificates: new Map(),
  };
}

export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}
