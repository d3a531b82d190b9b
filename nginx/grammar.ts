// SPDX-License-Identifier: Apache-2.0
/**
 * The allow-list: every directive that a bundle may hold, where it may stand, what it takes, and whether people may
 * write it themselves. What is not here cannot be rendered. Never here: whatever loads code, opens files by path,
 * changes users, limits or logs of the process, or lets a value choose where nginx connects to.
 */
export type Context =
  | 'main'
  | 'events'
  | 'http'
  | 'server'
  | 'location'
  | 'if'
  | 'upstream'
  | 'map'
  | 'types';

/** What an argument may be. Sizes are in bytes, times in milliseconds; `seconds` has no finer unit. */
export type ArgType =
  | { readonly type: 'words'; readonly words: readonly string[] }
  | { readonly type: 'int'; readonly min: number; readonly max: number; readonly but?: number }
  | { readonly type: 'size' | 'time' | 'seconds'; readonly min: number; readonly max: number }
  /** Free text with variables. */
  | { readonly type: 'text' }
  /** Where a redirect goes: a path or an absolute URL, with variables. */
  | { readonly type: 'target' }
  | { readonly type: 'file-test' }
  | { readonly type: 'path' | 'header-name' | 'media-type' | 'network' | 'ciphers' }
  /** Written by our own code only. */
  | { readonly type: 'own' };

export interface Rule {
  readonly contexts: readonly Context[];
  readonly args: readonly ArgType[];
  /** How many of `args` must be there; all, when left out. */
  readonly required?: number;
  /** The last of `args` may come again. */
  readonly repeats?: true;
  readonly block?: Context;
  /** Where it has no block: an upstream's `server`. */
  readonly flatIn?: Context;
  readonly module?: string;
  readonly since?: string;
  /** Where people may write it. */
  readonly user?: readonly ('server' | 'location')[];
  /** May stand more than once in a block. */
  readonly many?: true;
}

const KB = 1024;
const MB = 1024 * KB;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

const own: ArgType = { type: 'own' };
const words = (...list: readonly string[]): ArgType => ({ type: 'words', words: list });
const flag = words('on', 'off');
const int = (min: number, max: number) => ({ type: 'int', min, max }) as const;
const size = (min: number, max: number): ArgType => ({ type: 'size', min, max });
const time = (min: number, max: number): ArgType => ({ type: 'time', min, max });
const seconds = (min: number, max: number): ArgType => ({ type: 'seconds', min, max });
const status = int(200, 599);

const BOTH = ['server', 'location'] as const;
const HTTP = ['http', 'server', 'location'] as const;

/** A directive that people may set for a host or a location. */
const setting = (...args: readonly ArgType[]): Rule => ({ contexts: HTTP, args, user: BOTH });
const ours = (contexts: readonly Context[], count: number, more: Partial<Rule> = {}): Rule => ({
  contexts,
  args: Array<ArgType>(count).fill(own),
  ...more,
});

export const GRAMMAR = {
  add_header: {
    contexts: HTTP,
    args: [{ type: 'header-name' }, { type: 'text' }, words('always')],
    required: 2,
    user: BOTH,
    many: true,
  },
  allow: { ...setting({ type: 'network' }), many: true },
  autoindex: setting(flag),
  charset: setting(
    words('off', 'utf-8', 'iso-8859-1', 'iso-8859-15', 'windows-1251', 'windows-1252', 'koi8-r'),
  ),
  chunked_transfer_encoding: setting(flag),
  client_body_buffer_size: setting(size(KB, 16 * MB)),
  client_body_timeout: setting(time(1000, HOUR)),
  client_max_body_size: setting(size(0, 100 * 1024 * MB)),
  default_type: setting({ type: 'media-type' }),
  deny: { ...setting({ type: 'network' }), many: true },
  entry: { contexts: ['map', 'types'], args: [own, own], repeats: true, many: true },
  // 499 is nginx's own, for a client that has gone.
  error_page: { ...setting({ ...int(300, 599), but: 499 }, { type: 'path' }), many: true },
  etag: setting(flag),
  expires: setting(
    words('off', 'epoch', 'max', '-1', '0', '1m', '5m', '10m', '1h', '6h', '12h', '1d', '7d', '30d', '365d'),
  ),
  gzip: setting(flag),
  gzip_comp_level: setting(int(1, 9)),
  gzip_min_length: setting(int(0, 100 * MB)),
  gzip_proxied: {
    ...setting(
      words(
        'off',
        'expired',
        'no-cache',
        'no-store',
        'private',
        'no_last_modified',
        'no_etag',
        'auth',
        'any',
      ),
    ),
    repeats: true,
  },
  gzip_types: { ...setting({ type: 'media-type' }), repeats: true },
  gzip_vary: setting(flag),
  http2: ours(['server'], 1, { module: 'http_v2', since: '1.25.1' }),
  if_modified_since: setting(words('off', 'exact', 'before')),
  index: ours(['server', 'location'], 1),
  internal: ours(['location'], 0),
  ip_hash: ours(['upstream'], 0),
  keepalive: ours(['upstream'], 1),
  keepalive_requests: setting(int(1, 1_000_000)),
  keepalive_timeout: setting(time(0, HOUR)),
  large_client_header_buffers: {
    contexts: ['http', 'server'],
    args: [int(1, 16), size(KB, 64 * KB)],
    user: ['server'],
  },
  least_conn: ours(['upstream'], 0),
  limit_rate: setting(size(0, 1024 * MB)),
  limit_rate_after: setting(size(0, 1024 * MB)),
  listen: ours(['server'], 1, { repeats: true, many: true }),
  location: { contexts: ['server'], args: [own, own], required: 1, block: 'location', many: true },
  log_not_found: setting(flag),
  map: ours(['http'], 2, { block: 'map', many: true }),
  map_hash_bucket_size: ours(['http'], 1),
  max_ranges: setting(int(0, 100)),
  port_in_redirect: setting(flag),
  proxy_buffer_size: setting(size(KB, MB)),
  proxy_buffering: setting(flag),
  proxy_buffers: setting(int(2, 256), size(KB, MB)),
  proxy_busy_buffers_size: setting(size(KB, 16 * MB)),
  proxy_connect_timeout: setting(time(1, 75_000)),
  proxy_hide_header: { ...setting({ type: 'header-name' }), many: true },
  proxy_http_version: ours(HTTP, 1),
  proxy_ignore_client_abort: setting(flag),
  proxy_intercept_errors: setting(flag),
  proxy_max_temp_file_size: setting(size(0, 1024 * MB)),
  proxy_next_upstream: {
    ...setting(
      words(
        'error',
        'timeout',
        'invalid_header',
        'http_500',
        'http_502',
        'http_503',
        'http_504',
        'http_403',
        'http_404',
        'http_429',
        'non_idempotent',
        'off',
      ),
    ),
    repeats: true,
  },
  proxy_next_upstream_timeout: setting(time(0, HOUR)),
  proxy_next_upstream_tries: setting(int(0, 100)),
  proxy_pass: ours(['location'], 1),
  proxy_read_timeout: setting(time(1, 24 * HOUR)),
  proxy_redirect: { contexts: HTTP, args: [words('off'), own], required: 1, user: BOTH },
  proxy_request_buffering: setting(flag),
  proxy_send_timeout: setting(time(1, 24 * HOUR)),
  proxy_set_header: {
    contexts: HTTP,
    args: [{ type: 'header-name' }, { type: 'text' }],
    user: BOTH,
    many: true,
  },
  proxy_socket_keepalive: setting(flag),
  proxy_ssl_name: ours(HTTP, 1),
  proxy_ssl_server_name: ours(HTTP, 1),
  reset_timedout_connection: setting(flag),
  return: { contexts: [...BOTH, 'if'], args: [status, { type: 'target' }], required: 1, user: BOTH },
  rewrite: ours(['location'], 3, { many: true }),
  if: ours(['location'], 1, { block: 'if', many: true }),
  root: ours(BOTH, 1),
  satisfy: setting(words('all', 'any')),
  send_timeout: setting(time(1000, HOUR)),
  sendfile: setting(flag),
  server: {
    contexts: ['http', 'upstream'],
    args: [own],
    required: 0,
    repeats: true,
    block: 'server',
    flatIn: 'upstream',
    many: true,
  },
  server_name: ours(['server'], 1, { repeats: true }),
  server_name_in_redirect: setting(flag),
  server_names_hash_bucket_size: ours(['http'], 1),
  server_names_hash_max_size: ours(['http'], 1),
  server_tokens: setting(words('on', 'off')),
  ssl_certificate: ours(['server'], 1),
  ssl_certificate_key: ours(['server'], 1),
  ssl_ciphers: {
    contexts: ['http', 'server'],
    args: [{ type: 'ciphers' }],
    user: ['server'],
    module: 'http_ssl',
  },
  ssl_prefer_server_ciphers: {
    contexts: ['http', 'server'],
    args: [flag],
    user: ['server'],
    module: 'http_ssl',
  },
  ssl_protocols: ours(['http', 'server'], 1, { repeats: true, module: 'http_ssl' }),
  ssl_reject_handshake: ours(['server'], 1, { since: '1.19.4', module: 'http_ssl' }),
  ssl_session_cache: ours(['http', 'server'], 1, { module: 'http_ssl' }),
  ssl_session_tickets: ours(['http', 'server'], 1, { module: 'http_ssl' }),
  ssl_session_timeout: {
    contexts: ['http', 'server'],
    args: [seconds(0, 24 * HOUR)],
    user: ['server'],
    module: 'http_ssl',
  },
  tcp_nodelay: setting(flag),
  tcp_nopush: setting(flag),
  try_files: {
    contexts: BOTH,
    args: [{ type: 'file-test' }, { type: 'file-test' }],
    repeats: true,
    user: ['location'],
  },
  types: ours(HTTP, 0, { block: 'types' }),
  upstream: ours(['http'], 1, { block: 'upstream', many: true }),
  zone: ours(['upstream'], 2),
} as const satisfies Record<string, Rule>;

export type DirectiveName = keyof typeof GRAMMAR;

/** What the allow-list says of a name; undefined for every name that is not in it. */
export const ruleOf = (name: string): Rule | undefined =>
  Object.hasOwn(GRAMMAR, name) ? GRAMMAR[name as DirectiveName] : undefined;
