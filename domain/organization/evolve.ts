// SPDX-License-Identifier: Apache-2.0
import { never } from '../../kernel/index.js';
import type { OrganizationFact } from '../../schemas/index.js';
import type { OrganizationState } from './state.js';

export function evolve(state: OrganizationState, fact: OrganizationFact): void {
  switch (fact.type) {
    case 'organization.created':
    case 'organization.updated':
      state.organization = fact.data.organization;
      state.existed = true;
      return;
    case 'organization.deleted':
      state.organization = undefined;
      return;
    case 'workspace_slug.reserved':
      state.workspaceSlugs.set(fact.data.slug, { workspaceId: fact.data.workspace_id, at: fact.data.at });
      return;
    case 'workspace_slug.released':
      state.workspaceSlugs.delete(fact.data.slug);
      return;
    case 'member.added':
    case 'member.role_changed':
    case 'member.removed':
    case 'workspace_role.set':
    case 'workspace_role.cleared':
    case 'invitation.created':
    case 'invitation.accepted':
    case 'invitation.revoked':
      return;
    default:
      never(fact, 'fact of an organization');
  }
}
