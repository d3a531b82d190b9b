// SPDX-License-Identifier: Apache-2.0
/** An organization and its people: facts that were, and commands that come. */
import { uuidv5 } from '../../kernel/index.js';
import type { OrganizationFact, Role } from '../../schemas/index.js';

export const AT = '2026-03-02T12:00:00.000Z';
export const LATER = '2026-03-03T12:00:00.000Z';
export const acme = uuidv5('organization', 'acme');
export const shop = uuidv5('workspace', 'shop');
export const invitationId = uuidv5('invitation', 'one');
export const id = (name: string): string => uuidv5('user', name);
export const as = (name: string) => ({ userId: id(name), isAdmin: false });
export const TOKEN = 'a'.repeat(64);

export const created: OrganizationFact = {
  type: 'organization.created',
  data: { organization: { id: acme, name: 'Acme', slug: 'acme', created_at: AT, updated_at: AT } },
};
export const member = (name: string, role: Role): OrganizationFact => ({
  type: 'member.added',
  data: { organization_id: acme, user_id: id(name), role, at: AT },
});
export const narrowed = (name: string, role: 'none' | 'viewer'): OrganizationFact => ({
  type: 'workspace_role.set',
  data: { workspace_id: shop, user_id: id(name), role, at: AT },
});
export const cleared = (name: string): OrganizationFact => ({
  type: 'workspace_role.cleared',
  data: { workspace_id: shop, user_id: id(name), at: AT },
});
export const invited = (by: string, role: Role, hasAddress = false): OrganizationFact => ({
  type: 'invitation.created',
  data: {
    invitation: {
      id: invitationId,
      organization_id: acme,
      role,
      invited_by: id(by),
      has_address: hasAddress,
      created_at: AT,
      expires_at: LATER,
    },
    token_sha256: TOKEN,
  },
});
export const revoked: OrganizationFact = {
  type: 'invitation.revoked',
  data: { invitation_id: invitationId, at: AT },
};
export const removed = (name: string): OrganizationFact => ({
  type: 'member.removed',
  data: { organization_id: acme, user_id: id(name), at: AT },
});
export const changed = (name: string, role: Role): OrganizationFact => ({
  type: 'member.role_changed',
  data: { organization_id: acme, user_id: id(name), role, at: AT },
});

export const people = [created, member('olga', 'owner'), member('adam', 'admin'), member('eve', 'editor')];
export const add = (name: string, role: Role, by: string) =>
  ({ type: 'add-member', userId: id(name), role, by: as(by), at: AT }) as const;
export const change = (name: string, role: Role, by: string) =>
  ({ type: 'change-member', userId: id(name), role, by: as(by), at: AT }) as const;
export const remove = (name: string, by: string) =>
  ({ type: 'remove-member', userId: id(name), by: as(by), at: AT }) as const;
export const narrow = (name: string, role: 'none' | 'viewer' | 'editor' | 'admin' | undefined, by: string) =>
  ({ type: 'narrow-member', userId: id(name), workspaceId: shop, role, by: as(by), at: AT }) as const;
