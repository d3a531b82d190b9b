// SPDX-License-Identifier: Apache-2.0
import { closed, GivenName, nullable, oneOf, type Static, Type, Uuid } from '../common.js';
import * as R from '../resources/index.js';
import { atLeastOne, optional, resettable } from './shape.js';

const HeaderInput = closed({
  name: R.HeaderName,
  value: R.HeaderValue,
  always: optional(Type.Boolean()),
  applies_to: optional(oneOf(...R.HEADER_TARGETS)),
});

const RewriteRuleInput = closed({
  pattern: R.RewriteRule.properties.pattern,
  replacement: R.RewriteRule.properties.replacement,
  flag: optional(R.RewriteRule.properties.flag),
});

export const AddLocation = closed({
  path: R.UrlPath,
  proxy_pass: optional(nullable(R.ProxyPass)),
  upstream_id: optional(nullable(Uuid)),
  root: optional(nullable(R.WebRoot)),
  index: optional(nullable(R.IndexFile)),
  custom_headers: optional(Type.Array(HeaderInput, { maxItems: 64 })),
  rewrite_rules: optional(Type.Array(RewriteRuleInput, { maxItems: 64 })),
  custom_directives: optional(R.CustomDirectives),
});
export type AddLocation = Static<typeof AddLocation>;
export const UpdateLocation = closed(
  {
    path: optional(R.UrlPath),
    proxy_pass: AddLocation.properties.proxy_pass,
    upstream_id: AddLocation.properties.upstream_id,
    root: AddLocation.properties.root,
    index: AddLocation.properties.index,
    custom_headers: resettable(Type.Array(HeaderInput, { maxItems: 64 })),
    rewrite_rules: resettable(Type.Array(RewriteRuleInput, { maxItems: 64 })),
    custom_directives: resettable(R.CustomDirectives),
  },
  atLeastOne,
);
export type UpdateLocation = Static<typeof UpdateLocation>;

const ListenInput = closed({
  address: optional(R.Listen.properties.address),
  port: R.Listen.properties.port,
  ssl: optional(Type.Boolean()),
});

/** One string with names separated by spaces, as the specification has it, or a list of names. */
const ServerNameInput = Type.Union([
  R.ServerName,
  Type.Array(Type.String({ minLength: 1, maxLength: 253 }), { minItems: 1, maxItems: 256 }),
]);

const virtualHostFields = {
  name: GivenName,
  server_name: ServerNameInput,
  listen_port: R.VirtualHost.properties.listen_port,
  ssl_enabled: Type.Boolean(),
  listens: Type.Array(ListenInput, { maxItems: 16 }),
  ssl_certificate_id: nullable(Uuid),
  http2_enabled: Type.Boolean(),
  http3_enabled: Type.Boolean(),
  locations: Type.Array(AddLocation, { maxItems: 256 }),
  custom_directives: R.CustomDirectives,
  target_agents: R.TargetAgents,
};

export const CreateVirtualHost = closed({
  ...virtualHostFields,
  listen_port: optional(virtualHostFields.listen_port),
  ssl_enabled: optional(virtualHostFields.ssl_enabled),
  listens: optional(virtualHostFields.listens),
  ssl_certificate_id: optional(virtualHostFields.ssl_certificate_id),
  http2_enabled: optional(virtualHostFields.http2_enabled),
  http3_enabled: optional(virtualHostFields.http3_enabled),
  locations: optional(virtualHostFields.locations),
  custom_directives: optional(virtualHostFields.custom_directives),
  target_agents: optional(virtualHostFields.target_agents),
});
export type CreateVirtualHost = Static<typeof CreateVirtualHost>;

export const UpdateVirtualHost = closed(
  {
    name: optional(virtualHostFields.name),
    server_name: optional(virtualHostFields.server_name),
    listen_port: resettable(virtualHostFields.listen_port),
    ssl_enabled: resettable(virtualHostFields.ssl_enabled),
    listens: resettable(virtualHostFields.listens),
    ssl_certificate_id: optional(virtualHostFields.ssl_certificate_id),
    http2_enabled: resettable(virtualHostFields.http2_enabled),
    http3_enabled: resettable(virtualHostFields.http3_enabled),
    locations: resettable(virtualHostFields.locations),
    custom_directives: resettable(virtualHostFields.custom_directives),
    target_agents: resettable(virtualHostFields.target_agents),
  },
  atLeastOne,
);
export type UpdateVirtualHost = Static<typeof UpdateVirtualHost>;
