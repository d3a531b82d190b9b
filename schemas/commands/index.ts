// SPDX-License-Identifier: Apache-2.0
import {
  closed,
  DisplayName,
  Labels,
  LabelsPatch,
  nullable,
  oneOf,
  Slug,
  type Static,
  Timestamp,
  type TSchema,
  Type,
  Uuid,
} from '../common.js';
import { CustomEventData, CustomEventType } from '../events/custom.js';
import * as R from '../resources/index.js';

const optional = Type.Optional;
const atLeastOne = { minProperties: 1 };
/** In a PATCH: null takes a field away, so that it has its default again (RFC 7396). */
const resettable = <T extends TSchema>(schema: T) => optional(nullable(schema));

export const Login = closed({
  email: Type.String({ minLength: 3, maxLength: 254 }),
  password: Type.String({ minLength: 1, maxLength: 1024 }),
  /** The refresh token comes as a cookie that no script can read, instead of in the body. */
  cookie: optional(Type.Boolean()),
});
export type Login = Static<typeof Login>;

// What else a password must have is told by the command, all of it at once.
const Password = Type.String({ minLength: 1, maxLength: 1024, writeOnly: true });

export const CreateUser = closed({
  username: R.Username,
  email: R.Email,
  password: Password,
  full_name: optional(nullable(DisplayName)),
  is_admin: optional(Type.Boolean()),
});
export type CreateUser = Static<typeof CreateUser>;

const personal = {
  username: optional(R.Username),
  email: optional(R.Email),
  full_name: optional(nullable(DisplayName)),
};
export const UpdateMe = closed(personal, atLeastOne);
export type UpdateMe = Static<typeof UpdateMe>;

/** What an administrator may change of a user. */
export const UpdateUser = closed(
  {
    ...personal,
    password: optional(Password),
    is_active: optional(Type.Boolean()),
    is_admin: optional(Type.Boolean()),
  },
  atLeastOne,
);
export type UpdateUser = Static<typeof UpdateUser>;

export const ChangePassword = closed({ old_password: Password, new_password: Password });
export type ChangePassword = Static<typeof ChangePassword>;

/** Without a token in the body it is taken from the cookie. */
export const RefreshSession = closed({
  refresh_token: optional(Type.String({ minLength: 1, maxLength: 512, writeOnly: true })),
});
export type RefreshSession = Static<typeof RefreshSession>;

/** `expires_at`: never when left out. `organization_id`: all of its maker's when left out. */
export const CreateApiKey = closed({
  name: DisplayName,
  scopes: Type.Array(Type.String({ minLength: 1, maxLength: 64 }), {
    minItems: 1,
    maxItems: 64,
    uniqueItems: true,
  }),
  organization_id: optional(nullable(Uuid)),
  expires_at: optional(nullable(Timestamp)),
});
export type CreateApiKey = Static<typeof CreateApiKey>;

export const CreateOrganization = closed({ name: DisplayName, slug: Slug });
export type CreateOrganization = Static<typeof CreateOrganization>;
export const UpdateOrganization = closed({ name: optional(DisplayName) }, atLeastOne);
export type UpdateOrganization = Static<typeof UpdateOrganization>;

export const AddMember = closed({ user_id: Uuid, role: R.MemberRole });
export type AddMember = Static<typeof AddMember>;
export const UpdateMember = closed({ role: R.MemberRole });
export type UpdateMember = Static<typeof UpdateMember>;
/** What is left in one workspace of a member's role; `none` hides it. */
export const SetWorkspaceRole = closed({ role: R.WorkspaceRole });
export type SetWorkspaceRole = Static<typeof SetWorkspaceRole>;

/** Without an address, whoever has the link may accept. It dies after `expires_in_hours` (1 to 720, 168 when left out). */
export const CreateInvitation = closed({
  role: R.MemberRole,
  email: optional(Type.String({ maxLength: 254, pattern: '^[^\\s@]{1,64}@[^\\s@]{1,189}$' })),
  expires_in_hours: optional(Type.Integer({ minimum: 1, maximum: 720 })),
});
export type CreateInvitation = Static<typeof CreateInvitation>;
export const AcceptInvitation = closed({
  token: Type.String({ minLength: 1, maxLength: 256, writeOnly: true }),
});
export type AcceptInvitation = Static<typeof AcceptInvitation>;

export const CreateWorkspace = closed({ name: DisplayName, slug: Slug });
export type CreateWorkspace = Static<typeof CreateWorkspace>;
export const UpdateWorkspace = closed({ name: optional(DisplayName) }, atLeastOne);
export type UpdateWorkspace = Static<typeof UpdateWorkspace>;

/** The token dies when it is exchanged for a certificate, or after `expires_in_hours` (1 to 720, 24 when left out). */
export const CreateAgentToken = closed({
  name: DisplayName,
  labels: optional(Labels),
  expires_in_hours: optional(Type.Integer({ minimum: 1, maximum: 720 })),
});
export type CreateAgentToken = Static<typeof CreateAgentToken>;
export const UpdateAgent = closed(
  { name: optional(DisplayName), labels: resettable(LabelsPatch) },
  atLeastOne,
);
export type UpdateAgent = Static<typeof UpdateAgent>;

export const AddUpstreamServer = closed({
  address: R.ServerAddress,
  weight: optional(R.UpstreamServer.properties.weight),
  backup: optional(Type.Boolean()),
  down: optional(Type.Boolean()),
  max_fails: optional(R.UpstreamServer.properties.max_fails),
  fail_timeout: optional(R.UpstreamServer.properties.fail_timeout),
});
export type AddUpstreamServer = Static<typeof AddUpstreamServer>;
export const UpdateUpstreamServer = closed(
  {
    address: optional(R.ServerAddress),
    weight: resettable(R.UpstreamServer.properties.weight),
    backup: resettable(Type.Boolean()),
    down: resettable(Type.Boolean()),
    max_fails: resettable(R.UpstreamServer.properties.max_fails),
    fail_timeout: resettable(R.UpstreamServer.properties.fail_timeout),
  },
  atLeastOne,
);
export type UpdateUpstreamServer = Static<typeof UpdateUpstreamServer>;

const HealthCheckInput = closed({
  enabled: optional(Type.Boolean()),
  path: optional(R.UrlPath),
  interval: optional(R.HealthCheck.properties.interval),
  timeout: optional(R.HealthCheck.properties.timeout),
  healthy_threshold: optional(R.HealthCheck.properties.healthy_threshold),
  unhealthy_threshold: optional(R.HealthCheck.properties.unhealthy_threshold),
});
const HealthCheckPatch = closed({
  enabled: resettable(Type.Boolean()),
  path: resettable(R.UrlPath),
  interval: resettable(R.HealthCheck.properties.interval),
  timeout: resettable(R.HealthCheck.properties.timeout),
  healthy_threshold: resettable(R.HealthCheck.properties.healthy_threshold),
  unhealthy_threshold: resettable(R.HealthCheck.properties.unhealthy_threshold),
});

// An empty list is let through here, so that the domain can refuse it in nginx's own terms.
const ServersInput = Type.Array(AddUpstreamServer, { maxItems: 256 });

export const CreateUpstream = closed({
  name: R.UpstreamName,
  algorithm: optional(R.Algorithm),
  servers: ServersInput,
  health_check: optional(HealthCheckInput),
  keepalive_connections: optional(R.KeepaliveConnections),
});
export type CreateUpstream = Static<typeof CreateUpstream>;
export const UpdateUpstream = closed(
  {
    name: optional(R.UpstreamName),
    algorithm: resettable(R.Algorithm),
    servers: optional(ServersInput),
    health_check: resettable(HealthCheckPatch),
    keepalive_connections: resettable(R.KeepaliveConnections),
  },
  atLeastOne,
);
export type UpdateUpstream = Static<typeof UpdateUpstream>;

// Long enough for every chain and key that is in use; the check itself bounds the bytes.
const Pem = { minLength: 1, maxLength: 65_536 };

/** An upload has both PEMs; what `provider` a certificate without them would come from is checked by the command. */
export const CreateCertificate = closed({
  domain: R.Certificate.properties.domain,
  certificate_pem: optional(Type.String(Pem)),
  private_key_pem: optional(Type.String({ ...Pem, writeOnly: true })),
  provider: optional(R.Certificate.properties.provider),
  auto_renew: optional(Type.Boolean()),
});
export type CreateCertificate = Static<typeof CreateCertificate>;

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
  name: DisplayName,
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

export const EmitEvent = closed({
  type: CustomEventType,
  data: optional(CustomEventData),
  organization_id: optional(Uuid),
  workspace_id: optional(Uuid),
});
export type EmitEvent = Static<typeof EmitEvent>;
