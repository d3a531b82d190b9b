// SPDX-License-Identifier: Apache-2.0
import { type Decider, never } from '../../kernel/index.js';
import type { OrganizationFact } from '../../schemas/index.js';
import { decide, type OrganizationCommand } from './decide.js';
import { evolve } from './evolve.js';
import { initial, type OrganizationState } from './state.js';

export type { Actor } from './authority.js';
export type { OrganizationCommand } from './decide.js';
export type { OrganizationState } from './state.js';

/** What is left of a member's role in a workspace, as a resource of its own. */
export const narrowingId = (workspaceId: string, userId: string): string => `${workspaceId}/${userId}`;

/** Stream `organization-<id>`: the organization, its members and invitations, and the slugs of its workspaces. */
export const organization: Decider<OrganizationState, OrganizationCommand, OrganizationFact> = {
  initial,
  decide,
  evolve,
  subject: (fact) => {
    switch (fact.type) {
      case 'organization.created':
      case 'organization.updated':
        return fact.data.organization.id;
      case 'organization.deleted':
        return fact.data.organization_id;
      case 'workspace_slug.reserved':
      case 'workspace_slug.released':
        return fact.data.workspace_id;
      case 'workspace_role.set':
      case 'workspace_role.cleared':
        return narrowingId(fact.data.workspace_id, fact.data.user_id);
      case 'member.added':
      case 'member.role_changed':
      case 'member.removed':
        return fact.data.user_id;
      case 'invitation.created':
        return fact.data.invitation.id;
      case 'invitation.accepted':
      case 'invitation.revoked':
        return fact.data.invitation_id;
      default:
        return never(fact, 'fact of an organization');
    }
  },
};
