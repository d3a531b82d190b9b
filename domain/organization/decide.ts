// SPDX-License-Identifier: Apache-2.0
import { conflict, detail, NxError, never, notFound } from '../../kernel/index.js';
import type { CreateOrganization, OrganizationFact, UpdateOrganization } from '../../schemas/index.js';
import { decideOnInvitations, type InvitationCommand, revoked } from './invitations.js';
import { decideOnMembers, type MemberCommand } from './members.js';
import type { OrganizationState } from './state.js';

/** `at` is RFC 3339. */
export type OrganizationCommand =
  | {
      readonly type: 'create-organization';
      readonly id: string;
      readonly body: CreateOrganization;
      /** Whoever creates it. */
      readonly ownerId: string;
      readonly at: string;
    }
  | { readonly type: 'update-organization'; readonly body: UpdateOrganization; readonly at: string }
  | { readonly type: 'delete-organization'; readonly at: string }
  /** `abandoned`: a workspace whose reservation may be taken over, because it was never made. */
  | {
      readonly type: 'reserve-workspace-slug';
      readonly workspaceId: string;
      readonly slug: string;
      readonly at: string;
      readonly abandoned?: string;
    }
  | {
      readonly type: 'release-workspace-slug';
      readonly workspaceId: string;
      readonly slug: string;
      readonly at: string;
    }
  | MemberCommand
  | InvitationCommand;

export function decide(command: OrganizationCommand, state: OrganizationState): readonly OrganizationFact[] {
  switch (command.type) {
    case 'create-organization': {
      if (state.existed) {
        throw conflict('The organization exists already');
      }
      const { id, body, ownerId, at } = command;
      const organization = { id, name: body.name, slug: body.slug, created_at: at, updated_at: at };
      return [
        { type: 'organization.created', data: { organization } },
        { type: 'member.added', data: { organization_id: id, user_id: ownerId, role: 'owner', at } },
      ];
    }
    case 'update-organization': {
      const current = existing(state);
      const name = command.body.name ?? current.name;
      if (name === current.name) {
        return [];
      }
      return [
        {
          type: 'organization.updated',
          data: { organization: { ...current, name, updated_at: command.at }, changed: ['name'] },
        },
      ];
    }
    case 'delete-organization': {
      const current = existing(state);
      const slugs = [...state.workspaceSlugs.keys()];
      if (slugs.length > 0) {
        throw conflict(
          'The organization still has workspaces',
          slugs.map((slug) => detail('id', 'IN_USE', `workspace ${slug}`)),
        );
      }
      return [
        ...revoked(state, () => true, command.at),
        {
          type: 'organization.deleted',
          data: { organization_id: current.id, slug: current.slug, at: command.at },
        },
      ];
    }
    case 'reserve-workspace-slug':
      return reserve(command, state);
    case 'release-workspace-slug': {
      const { workspaceId, slug, at } = command;
      return state.workspaceSlugs.get(slug)?.workspaceId === workspaceId
        ? [{ type: 'workspace_slug.released', data: { workspace_id: workspaceId, slug, at } }]
        : [];
    }
    case 'add-member':
    case 'change-member':
    case 'remove-member':
    case 'leave':
    case 'end-membership':
    case 'narrow-member':
      return decideOnMembers(command, existing(state).id, state);
    case 'invite':
    case 'revoke-invitation':
      return decideOnInvitations(command, existing(state).id, state);
    case 'accept-invitation':
      // Where there is no organization there is no invitation, which is found out as any other time.
      return decideOnInvitations(command, state.organization?.id ?? '', state);
    default:
      return never(command, 'command of an organization');
  }
}

function existing(state: OrganizationState) {
  if (!state.organization) {
    throw notFound('organization');
  }
  return state.organization;
}

function reserve(
  { workspaceId, slug, at, abandoned }: Extract<OrganizationCommand, { type: 'reserve-workspace-slug' }>,
  state: OrganizationState,
): readonly OrganizationFact[] {
  existing(state);
  const reserved: OrganizationFact = {
    type: 'workspace_slug.reserved',
    data: { workspace_id: workspaceId, slug, at },
  };
  const holder = state.workspaceSlugs.get(slug);
  if (!holder) {
    return [reserved];
  }
  if (holder.workspaceId === workspaceId) {
    return [];
  }
  if (holder.workspaceId === abandoned) {
    return [{ type: 'workspace_slug.released', data: { workspace_id: abandoned, slug, at } }, reserved];
  }
  throw new NxError('CONFLICT', 'The slug is taken', [
    detail('slug', 'DUPLICATE', 'Another workspace has this slug'),
  ]);
}
