// SPDX-License-Identifier: Apache-2.0
import { conflict, type Decider } from '../../kernel/index.js';
import type { EmailFact, UserFact } from '../../schemas/index.js';

export interface UserState {
  exists: boolean;
  isAdmin: boolean;
}

export interface UserCommand {
  readonly type: 'create-user';
  readonly id: string;
  readonly isAdmin: boolean;
  readonly at: string;
}

/** Stream `user-<id>`. Name, address and password are in the vault. */
export const user: Decider<UserState, UserCommand, UserFact> = {
  initial: () => ({ exists: false, isAdmin: false }),
  decide: ({ id, isAdmin, at }, state) =>
    state.exists ? [] : [{ type: 'user.created', data: { user_id: id, is_admin: isAdmin, at } }],
  evolve: (state, fact) => {
    if (fact.type === 'user.created' || fact.type === 'user.administrator_set') {
      state.exists = true;
      state.isAdmin = fact.data.is_admin;
    }
  },
  subject: (fact) => fact.data.user_id,
};

export interface EmailState {
  userId: string | undefined;
}

export interface EmailCommand {
  readonly type: 'reserve-email';
  readonly userId: string;
  readonly at: string;
}

/** Stream `email-<hmac>`: which user has an address, without the address. */
export const email: Decider<EmailState, EmailCommand, EmailFact> = {
  initial: () => ({ userId: undefined }),
  decide: ({ userId, at }, state) => {
    if (state.userId === userId) {
      return [];
    }
    if (state.userId !== undefined) {
      throw conflict('The address is taken');
    }
    return [{ type: 'email.reserved', data: { user_id: userId, at } }];
  },
  evolve: (state, fact) => {
    state.userId = fact.type === 'email.reserved' ? fact.data.user_id : undefined;
  },
  subject: (fact) => fact.data.user_id,
};
