// SPDX-License-Identifier: Apache-2.0
import { closed, GivenName, Labels, LabelsPatch, Slug, type Static, Type, Uuid } from '../common.js';
import { CustomEventData, CustomEventType } from '../events/custom.js';
import * as R from '../resources/index.js';
import { atLeastOne, optional, resettable } from './shape.js';

export * from './people.js';
export * from './virtual-host.js';

export const CreateOrganization = closed({ name: GivenName, slug: Slug });
export type CreateOrganization = Static<typeof CreateOrganization>;
export const UpdateOrganization = closed({ name: optional(GivenName) }, atLeastOne);
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

export const CreateWorkspace = closed({ name: GivenName, slug: Slug });
export type CreateWorkspace = Static<typeof CreateWorkspace>;
export const UpdateWorkspace = closed({ name: optional(GivenName) }, atLeastOne);
export type UpdateWorkspace = Static<typeof UpdateWorkspace>;

/** The token dies when it is exchanged for a certificate, or after `expires_in_hours` (1 to 720, 24 when left out). */
export const CreateAgentToken = closed({
  name: GivenName,
  labels: optional(Labels),
  expires_in_hours: optional(Type.Integer({ minimum: 1, maximum: 720 })),
});
export type CreateAgentToken = Static<typeof CreateAgentToken>;
export const UpdateAgent = closed({ name: optional(GivenName), labels: resettable(LabelsPatch) }, atLeastOne);
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

export const EmitEvent = closed({
  type: CustomEventType,
  data: optional(CustomEventData),
  organization_id: optional(Uuid),
  workspace_id: optional(Uuid),
});
export type EmitEvent = Static<typeof EmitEvent>;
