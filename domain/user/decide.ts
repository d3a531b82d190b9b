// SPDX-License-Identifier: Apache-2.0
import { conflict, never, notFound } from '../../kernel/index.js';
import type { UserFact } from '../../schemas/index.js';
import type { UserFacts, UserState } from './state.js';

/** Fields that stand in the vault. */
export type PersonalField = 'username' | 'email' | 'full_name';

/** `at` is RFC 3339. */
export type UserCommand =
  | { readonly type: 'create-user'; readonly id: string; readonly isAdmin: boolean; readonly at: string }
  | {
      readonly type: 'update-user';
      readonly changed: readonly PersonalField[];
      readonly isAdmin?: boolean;
      readonly isActive?: boolean;
      /** There is a new password; the session that goes on under it. */
      readonly newPassword?: { readonly keptSessionId: string | null };
      readonly at: string;
    }
  | { readonly type: 'erase-user'; readonly at: string };

export function decide(command: UserCommand, state: UserState): readonly UserFact[] {
  const { at } = command;
  switch (command.type) {
    case 'create-user':
      if (state.erased) {
        throw conflict('The user was erased');
      }
      return state.user
        ? []
        : [{ type: 'user.created', data: { user_id: command.id, is_admin: command.isAdmin, at } }];
    case 'update-user':
      return update(command, existing(state));
    case 'erase-user':
      return [{ type: 'user.erased', data: { user_id: existing(state).id, at } }];
    default:
      return never(command, 'command of a user');
  }
}

function update(
  command: Extract<UserCommand, { type: 'update-user' }>,
  user: UserFacts,
): readonly UserFact[] {
  const { changed, isAdmin, isActive, newPassword, at } = command;
  const user_id = user.id;
  const facts: UserFact[] = [];
  if (changed.length > 0) {
    facts.push({ type: 'user.updated', data: { user_id, changed: [...changed], at } });
  }
  if (isAdmin !== undefined && isAdmin !== user.isAdmin) {
    facts.push({ type: 'user.administrator_set', data: { user_id, is_admin: isAdmin, at } });
  }
  if (isActive !== undefined && isActive === user.disabled) {
    facts.push({ type: isActive ? 'user.enabled' : 'user.disabled', data: { user_id, at } });
  }
  if (newPassword) {
    const [session_version, kept_session_id] = [user.sessionVersion + 1, newPassword.keptSessionId];
    facts.push({ type: 'user.password_changed', data: { user_id, session_version, kept_session_id, at } });
  }
  return facts;
}

function existing(state: UserState): UserFacts {
  if (!state.user) {
    throw notFound('user');
  }
  return state.user;
}
