// SPDX-License-Identifier: Apache-2.0
import { conflict, detail, invalid, never, notFound } from '../../kernel/index.js';
import type { OrganizationFact, Role, WorkspaceRole } from '../../schemas/index.js';
import { type Actor, mayDecideOn, mayGive, rank } from './authority.js';
import { revoked } from './invitations.js';
import type { Member, OrganizationState } from './state.js';

/** `at` is RFC 3339. */
export type MemberCommand =
  | {
      readonly type: 'add-member' | 'change-member';
      readonly userId: string;
      readonly role: Role;
      readonly by: Actor;
      readonly at: string;
    }
  | {
      readonly type: 'remove-member';
      readonly userId: string;
      readonly by: Actor;
      readonly at: string;
    }
  /** Who goes by themselves asks nobody. */
  | { readonly type: 'leave'; readonly userId: string; readonly at: string }
  /** The person is no more, whether or not an owner is left. */
  | { readonly type: 'end-membership'; readonly userId: string; readonly at: string }
  | {
      readonly type: 'narrow-member';
      readonly userId: string;
      readonly workspaceId: string;
      /** Undefined: no longer narrowed there. */
      readonly role: WorkspaceRole | undefined;
      readonly by: Actor;
      readonly at: string;
    };

type Of<T extends MemberCommand['type']> = Extract<MemberCommand, { type: T }>;

export function decideOnMembers(
  command: MemberCommand,
  organizationId: string,
  state: OrganizationState,
): readonly OrganizationFact[] {
  const { userId, at } = command;
  const about = { organization_id: organizationId, user_id: userId, at };
  switch (command.type) {
    case 'add-member':
      mayGive(state, command.by, command.role);
      if (state.members.has(userId)) {
        throw conflict('They are a member already', [detail('user_id', 'DUPLICATE', 'Is a member already')]);
      }
      return [{ type: 'member.added', data: { ...about, role: command.role } }];
    case 'change-member':
      return change(command as Of<'change-member'>, organizationId, state);
    case 'remove-member':
      mayDecideOn(state, command.by, memberOf(state, userId).role);
      return remove(state, about);
    case 'leave':
      memberOf(state, userId);
      return remove(state, about);
    case 'end-membership':
      return state.members.has(userId) ? ended(state, about) : [];
    case 'narrow-member':
      return narrow(command, state);
    default:
      return never(command, 'command on members');
  }
}

function change(
  { userId, role, by, at }: Of<'change-member'>,
  organizationId: string,
  state: OrganizationState,
): readonly OrganizationFact[] {
  const current = memberOf(state, userId).role;
  mayDecideOn(state, by, current);
  if (role === current) {
    return [];
  }
  if (rank(role) > rank(current)) {
    mayGive(state, by, role);
  }
  if (current === 'owner') {
    anotherOwner(state, userId);
  }
  return [
    // An owner sees and does everything.
    ...(role === 'owner' ? cleared(state, userId, at) : []),
    // Nothing stands promised that whoever promised it could not give now.
    ...revoked(state, (one) => one.invited_by === userId && !couldGive(role, one.role), at),
    { type: 'member.role_changed', data: { organization_id: organizationId, user_id: userId, role, at } },
  ];
}

const couldGive = (role: Role, given: Role): boolean => rank(role) >= Math.max(rank('admin'), rank(given));

function remove(
  state: OrganizationState,
  about: { organization_id: string; user_id: string; at: string },
): readonly OrganizationFact[] {
  const { user_id: userId } = about;
  if (memberOf(state, userId).role === 'owner') {
    anotherOwner(state, userId);
  }
  return ended(state, about);
}

/** With what is narrowed and what they promised. */
const ended = (
  state: OrganizationState,
  about: { organization_id: string; user_id: string; at: string },
): readonly OrganizationFact[] => [
  ...cleared(state, about.user_id, about.at),
  ...revoked(state, ({ invited_by }) => invited_by === about.user_id, about.at),
  { type: 'member.removed', data: about },
];

function narrow(
  { userId, workspaceId, role, by, at }: Of<'narrow-member'>,
  state: OrganizationState,
): readonly OrganizationFact[] {
  const member = memberOf(state, userId);
  mayDecideOn(state, by, member.role);
  const about = { workspace_id: workspaceId, user_id: userId, at };
  const current = state.narrowings.get(userId)?.get(workspaceId);
  if (role === undefined) {
    return current === undefined ? [] : [{ type: 'workspace_role.cleared', data: about }];
  }
  if (member.role === 'owner') {
    throw conflict('An owner has every right in every workspace: change their role first');
  }
  if (role !== 'none' && rank(role) > rank(member.role)) {
    throw invalid([detail('role', 'NOT_NARROWER', `Must not be above their role, ${member.role}`)]);
  }
  return current === role
    ? []
    : [
        ...revoked(state, ({ invited_by }) => invited_by === userId, at),
        { type: 'workspace_role.set', data: { ...about, role } },
      ];
}

function memberOf(state: OrganizationState, userId: string): Member {
  const member = state.members.get(userId);
  if (!member) {
    throw notFound('Member');
  }
  return member;
}

/** CONFLICT when nobody would be left who may do everything. */
function anotherOwner(state: OrganizationState, userId: string): void {
  const others = [...state.members].filter(([id, { role }]) => id !== userId && role === 'owner');
  if (others.length === 0) {
    throw conflict('An organization keeps at least one owner', [
      detail('user_id', 'LAST_OWNER', 'Is the only owner'),
    ]);
  }
}

const cleared = (state: OrganizationState, userId: string, at: string): OrganizationFact[] =>
  [...(state.narrowings.get(userId)?.keys() ?? [])].map((workspaceId) => ({
    type: 'workspace_role.cleared',
    data: { workspace_id: workspaceId, user_id: userId, at },
  }));
