// SPDX-License-Identifier: Apache-2.0
import { conflict, detail, never, notFound, sameText } from '../../kernel/index.js';
import type { Invitation, OrganizationFact, Role } from '../../schemas/index.js';
import { type Actor, mayDecideOn, mayGive } from './authority.js';
import type { OrganizationState } from './state.js';

/** `at` is RFC 3339. */
export type InvitationCommand =
  | {
      readonly type: 'invite';
      readonly id: string;
      readonly role: Role;
      readonly hasAddress: boolean;
      readonly tokenSha256: string;
      readonly expiresAt: string;
      readonly by: Actor;
      readonly at: string;
    }
  | {
      readonly type: 'revoke-invitation';
      readonly id: string;
      readonly by: Actor;
      readonly at: string;
    }
  | {
      readonly type: 'accept-invitation';
      readonly id: string;
      readonly userId: string;
      readonly tokenSha256: string;
      /** The user has the address that the invitation is for. */
      readonly isInvited: boolean;
      /** Whoever invited could still do so. */
      readonly stands: boolean;
      readonly at: string;
    };

const MOST_PENDING = 1000;
const NO_TOKEN = '0'.repeat(64);

export function decideOnInvitations(
  command: InvitationCommand,
  organizationId: string,
  state: OrganizationState,
): readonly OrganizationFact[] {
  const { id, at } = command;
  switch (command.type) {
    case 'invite': {
      mayGive(state, command.by, command.role);
      const expired = revoked(state, ({ expires_at }) => expires_at <= at, at);
      if (state.invitations.size - expired.length >= MOST_PENDING) {
        throw conflict(`There are ${MOST_PENDING} invitations that nobody has accepted yet`);
      }
      const invitation = {
        id,
        organization_id: organizationId,
        role: command.role,
        invited_by: command.by.userId,
        has_address: command.hasAddress,
        created_at: at,
        expires_at: command.expiresAt,
      };
      return [
        ...expired,
        { type: 'invitation.created', data: { invitation, token_sha256: command.tokenSha256 } },
      ];
    }
    case 'revoke-invitation': {
      const pending = state.invitations.get(id);
      if (!pending) {
        throw notFound('Invitation');
      }
      mayDecideOn(state, command.by, pending.invitation.role);
      return [{ type: 'invitation.revoked', data: { invitation_id: id, at } }];
    }
    case 'accept-invitation': {
      const { userId } = command;
      const role = acceptable(command, state);
      if (state.members.has(userId)) {
        throw conflict('You are a member already', [
          detail('token', 'DUPLICATE', 'Is of your own organization'),
        ]);
      }
      return [
        { type: 'invitation.accepted', data: { invitation_id: id, user_id: userId, at } },
        { type: 'member.added', data: { organization_id: organizationId, user_id: userId, role, at } },
      ];
    }
    default:
      return never(command, 'command on invitations');
  }
}

/** The role that it gives. Why not is nobody's business: every refusal is the same, after the same comparisons. */
function acceptable(
  { id, tokenSha256, isInvited, stands, at }: Extract<InvitationCommand, { type: 'accept-invitation' }>,
  state: OrganizationState,
): Role {
  const pending = state.invitations.get(id);
  const isSame = sameText(pending?.tokenSha256 ?? NO_TOKEN, tokenSha256);
  const isForThem = pending?.invitation.has_address === false || isInvited;
  const isInTime = (pending?.invitation.expires_at ?? '') > at;
  if (!pending || !isSame || !isForThem || !stands || !isInTime) {
    throw notFound('Invitation');
  }
  return pending.invitation.role;
}

/** Revokes the pending invitations that are so. */
export const revoked = (
  state: OrganizationState,
  isSo: (invitation: Invitation) => boolean,
  at: string,
): OrganizationFact[] =>
  [...state.invitations.values()]
    .filter(({ invitation }) => isSo(invitation))
    .map(({ invitation }) => ({ type: 'invitation.revoked', data: { invitation_id: invitation.id, at } }));
