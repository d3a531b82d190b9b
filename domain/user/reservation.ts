// SPDX-License-Identifier: Apache-2.0
import { conflict, type Decider, detail, never } from '../../kernel/index.js';
import type { EmailFact, UsernameFact } from '../../schemas/index.js';

export interface HeldState {
  holder: { readonly userId: string; readonly at: string } | undefined;
}

/** `abandoned`: a user whose reservation may be taken over, because it was never made, is gone, or goes by another name. */
export type HoldCommand =
  | { readonly type: 'reserve'; readonly userId: string; readonly at: string; readonly abandoned?: string }
  | { readonly type: 'release'; readonly userId: string; readonly at: string };

type Held = EmailFact | UsernameFact;

/** What one user alone may have: its stream is named after a keyed hash, so that it holds nothing of the person. */
function reservation<F extends Held>(
  field: 'email' | 'username',
  what: string,
): Decider<HeldState, HoldCommand, F> {
  const fact = (kind: 'reserved' | 'released', userId: string, at: string): F =>
    ({ type: `${field}.${kind}`, data: { user_id: userId, at } }) as F;
  return {
    initial: () => ({ holder: undefined }),
    decide: (command, { holder }) => {
      const { userId, at } = command;
      switch (command.type) {
        case 'reserve':
          if (!holder) {
            return [fact('reserved', userId, at)];
          }
          if (holder.userId === userId) {
            return [];
          }
          if (holder.userId === command.abandoned) {
            return [fact('released', holder.userId, at), fact('reserved', userId, at)];
          }
          throw conflict(`The ${what} is taken`, [
            detail(field, 'DUPLICATE', `Another user has this ${what}`),
          ]);
        case 'release':
          return holder?.userId === userId ? [fact('released', userId, at)] : [];
        default:
          return never(command, 'command of a reservation');
      }
    },
    evolve: (state, { type, data }) => {
      state.holder = type.endsWith('.reserved') ? { userId: data.user_id, at: data.at } : undefined;
    },
    subject: ({ data }) => data.user_id,
  };
}

/** Stream `email-<hmac>`. */
export const email = reservation<EmailFact>('email', 'address');

/** Stream `username-<hmac>`. */
export const username = reservation<UsernameFact>('username', 'user name');
