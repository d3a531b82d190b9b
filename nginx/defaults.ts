// SPDX-License-Identifier: Apache-2.0
import { supports } from './capabilities.js';
import type { HeaderModel } from './compiled.js';
import type { Capabilities } from './model.js';
import { type Directive, int, text, word } from './tree.js';
import type { Part } from './variables.js';

/** Ours alone, so that it meets no map of somebody else's configuration. */
const CONNECTION_VARIABLE = 'nx_connection_upgrade';

const own = (header: string, ...value: readonly Part[]): HeaderModel => ({
  name: header,
  value,
  always: false,
  field: undefined,
});

/** What an upstream is told of the request, unless somebody sets it otherwise. */
export const REQUEST_HEADERS: readonly HeaderModel[] = [
  own('Host', { variable: 'host' }),
  own('X-Real-IP', { variable: 'remote_addr' }),
  own('X-Forwarded-For', { variable: 'proxy_add_x_forwarded_for' }),
  own('X-Forwarded-Proto', { variable: 'scheme' }),
  own('X-Forwarded-Host', { variable: 'host' }),
  own('Upgrade', { variable: 'http_upgrade' }),
  own('Connection', { variable: CONNECTION_VARIABLE }),
];

/** True when the whole `http` block is ours; in a foreign one, its settings are not ours to make. */
export const ownsHttp = (capabilities: Capabilities): boolean => capabilities.bundlePrefix === '';

/** `proxy_set_header` lines; an `authority` stands where a header names the host of the URL. */
export function requestHeaders(headers: readonly HeaderModel[], authority = ''): readonly Directive[] {
  return headers.map(({ name: header, value, field }) => ({
    name: 'proxy_set_header',
    args: [
      { kind: 'header-name', name: header },
      value === 'authority' ? text(authority) : { kind: 'text', parts: value },
    ],
    ...(field !== undefined && { field }),
  }));
}

export function responseHeaders(headers: readonly HeaderModel[]): readonly Directive[] {
  return headers.map(({ name: header, value, always, field }) => ({
    name: 'add_header',
    args: [
      { kind: 'header-name', name: header },
      value === 'authority' ? text() : { kind: 'text', parts: value },
      ...(always ? [word('always')] : []),
    ],
    ...(field !== undefined && { field }),
  }));
}

/** What every proxied location needs; once in our own `http` block, else in each server. */
export const proxyDefaults = (headers: readonly HeaderModel[]): readonly Directive[] => [
  { name: 'proxy_http_version', args: [word('1.1')] },
  ...requestHeaders(headers),
];

/** TLS as today's clients have it. The cache's name carries its size: a zone of another size is another zone. */
export const TLS_DEFAULTS: readonly Directive[] = [
  { name: 'ssl_protocols', args: [word('TLSv1.2'), word('TLSv1.3')] },
  {
    name: 'ssl_session_cache',
    args: [{ kind: 'shared', name: 'nx_tls_10m', quantity: { value: 10, unit: 'm' } }],
  },
];

const MEDIA_TYPES: Readonly<Record<string, readonly string[]>> = {
  'application/gzip': ['gz', 'tgz'],
  'application/javascript': ['js', 'mjs'],
  'application/json': ['json', 'map'],
  'application/manifest+json': ['webmanifest'],
  'application/pdf': ['pdf'],
  'application/rss+xml': ['rss'],
  'application/wasm': ['wasm'],
  'application/xhtml+xml': ['xhtml'],
  'application/zip': ['zip'],
  'audio/mpeg': ['mp3'],
  'audio/ogg': ['ogg'],
  'font/ttf': ['ttf'],
  'font/woff': ['woff'],
  'font/woff2': ['woff2'],
  'image/avif': ['avif'],
  'image/gif': ['gif'],
  'image/jpeg': ['jpeg', 'jpg'],
  'image/png': ['png'],
  'image/svg+xml': ['svg', 'svgz'],
  'image/webp': ['webp'],
  'image/x-icon': ['ico'],
  'text/css': ['css'],
  'text/csv': ['csv'],
  'text/html': ['html', 'htm'],
  'text/markdown': ['md'],
  'text/plain': ['txt'],
  'text/xml': ['xml'],
  'video/mp4': ['mp4', 'm4v'],
  'video/webm': ['webm'],
};

const entry = (...args: Directive['args']): Directive => ({ name: 'entry', args });

/** `Connection` towards an upstream: the client's wish to upgrade, else empty, which keeps connections open. */
const connectionMap: Directive = {
  name: 'map',
  args: [
    { kind: 'variable', name: 'http_upgrade' },
    { kind: 'variable', name: CONNECTION_VARIABLE },
  ],
  block: [entry(word('default'), text('upgrade')), entry(text(), text())],
};

/**
 * What stands in the `http` block once. In a foreign block only what cannot meet a directive that is there already:
 * nginx refuses a second `server_tokens`, and `proxy_set_header` would change foreign servers.
 */
export function httpDirectives(capabilities: Capabilities): readonly Directive[] {
  if (!ownsHttp(capabilities)) {
    return [connectionMap];
  }
  return [
    {
      name: 'types',
      args: [],
      block: Object.entries(MEDIA_TYPES).map(([type, extensions]) =>
        entry(
          { kind: 'media-type', type },
          ...extensions.map((extension): Directive['args'][number] => ({
            kind: 'file-name',
            name: extension,
          })),
        ),
      ),
    },
    { name: 'default_type', args: [{ kind: 'media-type', type: 'application/octet-stream' }] },
    { name: 'sendfile', args: [word('on')] },
    { name: 'server_tokens', args: [word('off')] },
    // Room for names of 253 characters, and for many of them without trying sizes one by one.
    { name: 'server_names_hash_bucket_size', args: [int(512)] },
    { name: 'server_names_hash_max_size', args: [int(65536)] },
    ...(supports(capabilities, 'ssl') ? TLS_DEFAULTS : []),
    connectionMap,
    ...proxyDefaults(REQUEST_HEADERS),
  ];
}
