// SPDX-License-Identifier: Apache-2.0
import { never } from '../../kernel/index.js';
import type { OrganizationFact, WorkspaceRole } from '../../schemas/index.js';
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
      for (const narrowed of state.narrowings.values()) {
        narrowed.delete(fact.data.workspace_id);
      }
      return;
    case 'member.added':
    case 'member.role_changed':
      state.members.set(fact.data.user_id, {
        role: fact.data.role,
        createdAt: state.members.get(fact.data.user_id)?.createdAt ?? fact.data.at,
        updatedAt: fact.data.at,
      });
      return;
    case 'member.removed':
      state.members.delete(fact.data.user_id);
      state.narrowings.delete(fact.data.user_id);
      return;
    case 'workspace_role.set': {
      const narrowed = state.narrowings.get(fact.data.user_id) ?? new Map<string, WorkspaceRole>();
      state.narrowings.set(fact.data.user_id, narrowed.set(fact.data.workspace_id, fact.data.role));
      return;
    }
    case 'workspace_role.cleared':
      state.narrowings.get(fact.data.user_id)?.delete(fact.data.workspace_id);
      return;
    case 'invitation.created': {
      const { invitation, token_sha256 } = fact.data;
      state.invitations.set(invitation.id, { invitation, tokenSha256: token_sha256 });
      return;
    }
    case 'invitation.accepted':
    case 'invitation.revoked':
      state.invitations.delete(fact.data.invitation_id);
      return;
    default:
      never(fact, 'fact of an organization');
  }
}
