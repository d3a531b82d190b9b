// SPDX-License-Identifier: Apache-2.0
import { closed, DisplayName, nullable, oneOf, type Static, Timestamp, Type, Uuid } from '../common.js';

/** Roles in an organization, from the least to the most. */
export const ROLES = ['viewer', 'editor', 'admin', 'owner'] as const;
export type Role = (typeof ROLES)[number];
export const MemberRole = oneOf(...ROLES);

/** What is left of a member's role in one workspace; `none` hides the workspace. */
export const WORKSPACE_ROLES = ['none', 'viewer', 'editor', 'admin'] as const;
export type WorkspaceRole = (typeof WORKSPACE_ROLES)[number];
export const WorkspaceRole = oneOf(...WORKSPACE_ROLES);

const Address = nullable(Type.String({ maxLength: 254 }));

/** A person in an organization. */
export const Member = closed({
  organization_id: Uuid,
  user_id: Uuid,
  /** Null once the person was erased. */
  email: Address,
  role: MemberRole,
  created_at: Timestamp,
  updated_at: Timestamp,
});
export type Member = Static<typeof Member>;

/** A member as one workspace sees them: `effective_role` is what they may do there. */
export const WorkspaceMember = closed({
  workspace_id: Uuid,
  user_id: Uuid,
  email: Address,
  role: MemberRole,
  workspace_role: nullable(WorkspaceRole),
  effective_role: oneOf(...ROLES, 'none'),
});
export type WorkspaceMember = Static<typeof WorkspaceMember>;

/** `read:upstreams`, `events:emit`, `admin:system`. */
export const Scope = Type.String({ maxLength: 64, pattern: '^[a-z_]+:[a-z_]+$' });

/** An invitation into an organization. Whom it is for stands in the vault; the link's secret nowhere. */
export const Invitation = closed({
  id: Uuid,
  organization_id: Uuid,
  role: MemberRole,
  invited_by: Uuid,
  /** It is for one address only. */
  has_address: Type.Boolean(),
  created_at: Timestamp,
  expires_at: Timestamp,
});
export type Invitation = Static<typeof Invitation>;

/** A key of a person for programs: it may do what its maker may, within its scopes. */
export const ApiKey = closed({
  id: Uuid,
  user_id: Uuid,
  /** The one organization that it is for; null: all of its maker's. */
  organization_id: nullable(Uuid),
  name: DisplayName,
  scopes: Type.Array(Scope, { minItems: 1, maxItems: 64, uniqueItems: true }),
  /** The start of the key, to know it by. */
  prefix: Type.String({ maxLength: 64 }),
  last_four: Type.String({ minLength: 4, maxLength: 4 }),
  created_at: Timestamp,
  expires_at: nullable(Timestamp),
});
export type ApiKey = Static<typeof ApiKey>;

/** What an answer shows of an invitation: with the address, without the link. */
export const OpenInvitation = closed({
  id: Uuid,
  organization_id: Uuid,
  /** Null: whoever has the link may accept. */
  email: Address,
  role: MemberRole,
  state: oneOf('pending', 'expired'),
  invited_by: Uuid,
  created_at: Timestamp,
  expires_at: Timestamp,
});
export type OpenInvitation = Static<typeof OpenInvitation>;
