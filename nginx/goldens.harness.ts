// SPDX-License-Identifier: Apache-2.0
/** A handful of fleets whose rendering is kept, byte by byte, for several versions of nginx. */
import type { Capabilities, Resources } from './index.js';
import {
  certificate,
  certificateId,
  directive,
  header,
  host,
  location,
  resources,
  server,
  upstream,
  upstreamId,
} from './specs.harness.js';

const MODULES = ['http_ssl', 'http_stub_status', 'http_v2'];
const capabilities = (nginxVersion: string, more: Partial<Capabilities> = {}): Capabilities => ({
  nginxVersion,
  modules: MODULES,
  bundlePrefix: '',
  webRoots: { site: '/srv/site' },
  ...more,
});

export const VERSIONS: Readonly<Record<string, Capabilities>> = {
  '1.18.0': capabilities('1.18.0'),
  '1.22.1': capabilities('1.22.1'),
  '1.22.1-attached': capabilities('1.22.1', { bundlePrefix: '/var/lib/nxmesh-agent/current/' }),
  '1.31.0': capabilities('1.31.0', { modules: [...MODULES, 'http_v3'] }),
};

export const FINGERPRINT = 'a1'.repeat(32);

const api = upstream(1, {
  algorithm: 'least_connections',
  servers: [
    server('10.0.1.30:8080', { weight: 2, max_fails: 3, fail_timeout: 30 }),
    server('10.0.1.31:8080', { down: true }),
    server('[2001:db8::1]:8080', { backup: true }),
  ],
  keepalive_connections: 16,
});
/** The same content under another name: one block of nginx serves both. */
const apiAgain = { ...api, id: upstreamId(2), name: 'api-again' };
const sticky = upstream(3, { algorithm: 'ip_hash', servers: [server('10.0.2.1:80'), server('10.0.2.2:80')] });

export const FLEETS: Readonly<Record<string, Resources>> = {
  empty: resources({}),
  proxy: resources({
    upstreams: [api, apiAgain, sticky],
    hosts: [
      host(1, {
        server_name: 'API.example.com *.api.example.com',
        locations: [
          location('/', { upstream_id: api.id }),
          location('/again/', { upstream_id: apiAgain.id }),
          location('/sticky/', { upstream_id: sticky.id }),
          location('/health', { proxy_pass: 'http://127.0.0.1:8081/status/' }),
          location('/secure', { proxy_pass: 'https://127.0.0.1' }),
        ],
      }),
      host(2),
    ],
  }),
  headers: resources({
    upstreams: [sticky],
    hosts: [
      host(1, {
        custom_directives: [
          directive('add_header', 'Strict-Transport-Security', 'max-age=63072000', 'always'),
          directive('proxy_set_header', 'X-Host-Wide', '$request_id'),
          directive('client_max_body_size', '2g'),
        ],
        locations: [
          location('/', { upstream_id: sticky.id }),
          location('/own', {
            upstream_id: sticky.id,
            custom_headers: [
              header('host', 'inner.example.com', { applies_to: 'request' }),
              header('X-Odd', 'a"; alias /etc/; # \\ { } $scheme', { always: true }),
            ],
            custom_directives: [directive('proxy_read_timeout', '1h'), directive('proxy_buffering', 'off')],
          }),
        ],
      }),
    ],
  }),
  files: resources({
    hosts: [
      host(1, {
        locations: [
          location('/', {
            root: 'site',
            index: 'index.html',
            custom_directives: [
              directive('try_files', '$uri', '$uri/', '/index.html'),
              directive('expires', '1h'),
            ],
          }),
          location('/old/', {
            rewrite_rules: [
              { pattern: '^/old/([0-9]+)/(.*)$', replacement: '/new/$1?path=$2', flag: 'last' },
              { pattern: '^/old/(\\w+)$', replacement: 'https://example.com/$1', flag: 'permanent' },
            ],
          }),
          location('/gone', { custom_directives: [directive('return', '410', 'gone "for" good; {really}')] }),
        ],
      }),
    ],
  }),
  sockets: resources({
    certificates: [certificate(1, FINGERPRINT)],
    hosts: [
      host(1, {
        listen_port: 8443,
        ssl_enabled: true,
        ssl_certificate_id: certificateId(1),
        http2_enabled: true,
        listens: [
          { address: '[::]', port: 8443, ssl: true },
          { address: '0.0.0.0', port: 8080, ssl: false },
          { address: '[::]', port: 8080, ssl: false },
        ],
      }),
      host(2, { listens: [{ address: '[::]', port: 8081, ssl: false }] }),
    ],
  }),
  tls: resources({
    upstreams: [api],
    certificates: [certificate(1, FINGERPRINT)],
    hosts: [
      host(1, {
        listen_port: 8443,
        ssl_enabled: true,
        ssl_certificate_id: certificateId(1),
        http2_enabled: true,
        locations: [location('/', { upstream_id: api.id })],
      }),
      host(2, { listen_port: 8443, ssl_enabled: true, ssl_certificate_id: certificateId(1) }),
      host(3, {
        http2_enabled: true,
        custom_directives: [directive('return', '301', 'https://$host$request_uri')],
      }),
    ],
  }),
};

/** Only for versions that have it. */
export const HTTP3 = resources({
  certificates: [certificate(1, FINGERPRINT)],
  hosts: [
    host(1, {
      listen_port: 8443,
      ssl_enabled: true,
      ssl_certificate_id: certificateId(1),
      http2_enabled: true,
      http3_enabled: true,
      locations: [
        location('/', {
          custom_headers: [header('X-A', 'b')],
          custom_directives: [directive('return', '204')],
        }),
      ],
    }),
  ],
});
