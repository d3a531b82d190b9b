// SPDX-License-Identifier: Apache-2.0
import type { Capabilities } from './model.js';

/** `1.22.1` → [1, 22, 1]. A text that is no version counts as the oldest. */
export function versionParts(text: string): readonly number[] {
  const match = /^([0-9]{1,4})\.([0-9]{1,4})(?:\.([0-9]{1,4}))?/.exec(text);
  return match ? [Number(match[1]), Number(match[2]), Number(match[3] ?? 0)] : [0, 0, 0];
}

export function atLeast(version: string, minimum: string): boolean {
  const wanted = versionParts(minimum);
  const differing = versionParts(version)
    .map((part, index) => part - (wanted[index] ?? 0))
    .find((difference) => difference !== 0);
  return (differing ?? 0) >= 0;
}

interface Need {
  /** The first version that has it. */
  readonly since?: string;
  /** The first version that no longer has it. */
  readonly until?: string;
  readonly module?: string;
}

/** What differs between the versions of nginx from 1.18 to 1.31. */
const FEATURES = {
  /** `listen … http2`; still understood later, with a warning. */
  http2_listen: { until: '1.25.1', module: 'http_v2' },
  /** `http2 on;` */
  http2_directive: { since: '1.25.1', module: 'http_v2' },
  http3: { since: '1.25.0', module: 'http_v3' },
  ssl: { module: 'http_ssl' },
  ssl_reject_handshake: { since: '1.19.4', module: 'http_ssl' },
  /** The `-e` option: where errors go before the configuration is read. */
  error_log_option: { since: '1.19.5' },
  /** `ssl_conf_command` */
  ssl_conf_command: { since: '1.19.4', module: 'http_ssl' },
  /** TLSv1.3 stands in the default of `ssl_protocols`. */
  tls13_default: { since: '1.23.4', module: 'http_ssl' },
  /** Certificates named by variables are kept between handshakes. */
  ssl_certificate_cache: { since: '1.27.4', module: 'http_ssl' },
  /** `server … resolve` and `service=` in the free version. */
  resolve: { since: '1.27.3' },
  sticky: { since: '1.29.6' },
  least_time: { since: '1.31.0' },
  /** Connections to upstreams are kept and HTTP/1.1 is spoken unless told otherwise. */
  keepalive_default: { since: '1.29.7' },
  /** `add_header_inherit` */
  add_header_inherit: { since: '1.29.3' },
  keepalive_time: { since: '1.19.10' },
  stub_status: { module: 'http_stub_status' },
} as const satisfies Record<string, Need>;

export type Feature = keyof typeof FEATURES;

/** Whether this nginx knows a feature: by version and module, never by edition. */
export function supports(capabilities: Capabilities, feature: Feature): boolean {
  const need: Need = FEATURES[feature];
  return (
    (need.since === undefined || atLeast(capabilities.nginxVersion, need.since)) &&
    (need.until === undefined || !atLeast(capabilities.nginxVersion, need.until)) &&
    (need.module === undefined || capabilities.modules.includes(need.module))
  );
}

/** Modules that are built in unless `--without-…` says otherwise, as far as we use them. */
const DEFAULT_MODULES = [
  'http_access',
  'http_auth_basic',
  'http_autoindex',
  'http_charset',
  'http_gzip',
  'http_limit_conn',
  'http_limit_req',
  'http_map',
  'http_proxy',
  'http_rewrite',
  'http_upstream_ip_hash',
  'http_upstream_keepalive',
  'http_upstream_least_conn',
  'http_upstream_zone',
];

export interface NginxBuild {
  readonly version: string;
  /** Built in: `http_ssl`, `http_v2`, `http_proxy`, `stream` …, in order. */
  readonly modules: readonly string[];
  /** Can be loaded, but are only there after a `load_module`. */
  readonly dynamic: readonly string[];
}

const moduleName = (option: string): string => option.replace(/_module$/, '');

/** Reads what `nginx -V` prints (on standard error); undefined when it is something else. */
export function parseNginxVersion(output: string): NginxBuild | undefined {
  const version = /^nginx version: [^\s/]{1,40}\/([0-9]{1,4}(?:\.[0-9]{1,4}){1,3})/m.exec(output)?.[1];
  if (version === undefined) {
    return undefined;
  }
  const built = new Set(DEFAULT_MODULES);
  const dynamic = new Set<string>();
  for (const match of output.matchAll(/--(with|without)-([a-z0-9_]+)(=dynamic)?(?=\s|$)/g)) {
    const [, sign, option = '', loadable] = match;
    if (!/_module$|^(?:stream|mail)$/.test(option)) {
      continue;
    }
    if (sign === 'without') {
      built.delete(moduleName(option));
    } else {
      (loadable === undefined ? built : dynamic).add(moduleName(option));
    }
  }
  return { version, modules: [...built].sort(), dynamic: [...dynamic].sort() };
}
