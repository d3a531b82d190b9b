// SPDX-License-Identifier: Apache-2.0
import { type Decider, never } from '../../kernel/index.js';
import type { OrganizationFact } from '../../schemas/index.js';
import { decide, type OrganizationCommand } from './decide.js';
import { evolve } from './evolve.js';
import { initial, type OrganizationState } from './state.js';

export type { OrganizationCommand } from './decide.js';
export type { OrganizationState } from './state.js';

/** Stream `organization-<id>`: the organization and the slugs of its workspaces. */
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
      case 'workspace_role.set':
      case 'workspace_role.cleared':
        return fact.data.workspace_id;
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
