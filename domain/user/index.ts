// SPDX-License-Identifier: Apache-2.0
import type { Decider } from '../../kernel/index.js';
import type { UserFact } from '../../schemas/index.js';
import { decide, type UserCommand } from './decide.js';
import { evolve } from './evolve.js';
import { initial, type UserState } from './state.js';

export type { PersonalField, UserCommand } from './decide.js';
export { email, type HeldState, type HoldCommand, username } from './reservation.js';
export type { UserFacts, UserState } from './state.js';

/** Stream `user-<id>`. Name, address and password are in the vault. */
export const user: Decider<UserState, UserCommand, UserFact> = {
  initial,
  decide,
  evolve,
  subject: (fact) => fact.data.user_id,
};
