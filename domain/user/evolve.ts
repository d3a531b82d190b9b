// SPDX-License-Identifier: Apache-2.0
import { never } from '../../kernel/index.js';
import type { UserFact } from '../../schemas/index.js';
import type { UserFacts, UserState } from './state.js';

export function evolve(state: UserState, fact: UserFact): void {
  state.revision += 1n;
  const { at } = fact.data;
  const change = (changed: Partial<UserFacts>): void => {
    state.user = state.user && { ...state.user, ...changed, updatedAt: at };
  };
  switch (fact.type) {
    case 'user.created':
      state.user = {
        id: fact.data.user_id,
        isAdmin: fact.data.is_admin,
        disabled: false,
        sessionVersion: 1,
        createdAt: at,
        updatedAt: at,
      };
      return;
    case 'user.updated':
      change({});
      return;
    case 'user.administrator_set':
      change({ isAdmin: fact.data.is_admin });
      return;
    case 'user.password_changed':
      change({ sessionVersion: fact.data.session_version });
      return;
    case 'user.disabled':
      change({ disabled: true });
      return;
    case 'user.enabled':
      change({ disabled: false });
      return;
    case 'user.erased':
      state.user = undefined;
      state.erased = true;
      return;
    default:
      never(fact, 'fact of a user');
  }
}
