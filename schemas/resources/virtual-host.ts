// SPDX-License-Identifier: Apache-2.0
import {
  closed,
  DisplayName,
  LabelSelector,
  nullable,
  oneOf,
  Port,
  type Static,
  Timestamp,
  Type,
  Uuid,
} from '../common.js';
import { UrlPath } from './upstream.js';

/** RFC 9110 token. */
export const HeaderName = Type.String({ minLength: 1, maxLength: 128, pattern: '^[A-Za-z0-9!#&*+.^_|~-]+$' });

/** Text without control characters or other line breaks; variables are checked against nginx's allow-list. */
export const HeaderValue = Type.String({
  maxLength: 2048,
  pattern: '^[^\\u0000-\\u001f\\u007f-\\u00a0\\u2028\\u2029\\ud800-\\udfff]*$',
});

/** `request`: sent to the upstream (`proxy_set_header`); `response`: sent to the client (`add_header`). */
export const HEADER_TARGETS = ['request', 'response'] as const;

export const Header = closed({
  name: HeaderName,
  value: HeaderValue,
  always: Type.Boolean(),
  applies_to: oneOf(...HEADER_TARGETS),
});
export type Header = Static<typeof Header>;

export const REWRITE_FLAGS = ['last', 'break', 'redirect', 'permanent'] as const;

export const RewriteRule = closed({
  pattern: Type.String({ minLength: 1, maxLength: 1024 }),
  replacement: Type.String({ minLength: 1, maxLength: 1024 }),
  flag: oneOf(...REWRITE_FLAGS),
});
export type RewriteRule = Static<typeof RewriteRule>;

/** One directive of nginx from the allow-list; a list of them keeps its order. */
export const CustomDirective = closed({
  directive: Type.String({ minLength: 1, maxLength: 64, pattern: '^[a-z0-9_]+$' }),
  args: Type.Array(Type.String({ maxLength: 2048 }), { maxItems: 32 }),
});
export type CustomDirective = Static<typeof CustomDirective>;
export const CustomDirectives = Type.Array(CustomDirective, { maxItems: 64 });

/** Name of a web root that the agent's own settings declare; never a path. */
export const WebRoot = Type.String({
  minLength: 1,
  maxLength: 63,
  pattern: '^[a-z0-9]([a-z0-9-]*[a-z0-9])?$',
});

/** A file name such as `index.html`. */
export const IndexFile = Type.String({
  minLength: 1,
  maxLength: 128,
  pattern: '^[A-Za-z0-9_][A-Za-z0-9._-]*$',
});

export const ProxyPass = Type.String({
  minLength: 8,
  maxLength: 1024,
  pattern:
    "^https?://([A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?|\\[[0-9A-Fa-f:.]+\\])(:[0-9]{1,5})?(/[A-Za-z0-9._~!&'()*+,=:@%/-]*)?$",
});

/** One location: exactly one of `upstream_id`, `proxy_pass` and `root` says what answers, unless rewrites alone do. */
export const Location = closed({
  path: UrlPath,
  proxy_pass: nullable(ProxyPass),
  upstream_id: nullable(Uuid),
  root: nullable(WebRoot),
  index: nullable(IndexFile),
  custom_headers: Type.Array(Header, { maxItems: 64 }),
  rewrite_rules: Type.Array(RewriteRule, { maxItems: 64 }),
  custom_directives: CustomDirectives,
});
export type Location = Static<typeof Location>;

export const TargetAgents = Type.Union([
  closed({ type: Type.Literal('all') }),
  closed({ type: Type.Literal('selector'), label_selector: LabelSelector }),
  closed({
    type: Type.Literal('list'),
    agent_ids: Type.Array(Uuid, { minItems: 1, maxItems: 1000, uniqueItems: true }),
  }),
]);
export type TargetAgents = Static<typeof TargetAgents>;

/** All addresses of IPv4, or all of IPv6. A single address would hide the names that others have on the port. */
export const LISTEN_ADDRESSES = ['0.0.0.0', '[::]'] as const;

/** One more socket of a virtual host, beside the one that `listen_port` and `ssl_enabled` describe. */
export const Listen = closed({
  address: oneOf(...LISTEN_ADDRESSES),
  port: Port,
  ssl: Type.Boolean(),
});
export type Listen = Static<typeof Listen>;

/** Names separated by one space, as in nginx's `server_name`: `example.com *.example.org`. */
export const ServerName = Type.String({ minLength: 1, maxLength: 4096 });

export const VirtualHost = closed({
  id: Uuid,
  workspace_id: Uuid,
  name: DisplayName,
  server_name: ServerName,
  listen_port: Port,
  ssl_enabled: Type.Boolean(),
  listens: Type.Array(Listen, { maxItems: 16 }),
  ssl_certificate_id: nullable(Uuid),
  http2_enabled: Type.Boolean(),
  http3_enabled: Type.Boolean(),
  locations: Type.Array(Location, { maxItems: 256 }),
  custom_directives: CustomDirectives,
  target_agents: TargetAgents,
  created_at: Timestamp,
  updated_at: Timestamp,
});
export type VirtualHost = Static<typeof VirtualHost>;
