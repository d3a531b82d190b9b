// SPDX-License-Identifier: Apache-2.0
import { closed, Timestamp, Type, Uuid } from '../common.js';

/** Streams `user-<id>`. Name, address and password are in the vault only. */
export const userEvents = {
  'user.created': closed({ user_id: Uuid, is_admin: Type.Boolean(), at: Timestamp }),
};

/** Reservations `email-<hmac>`: one user an address. */
export const emailEvents = {
  'email.reserved': closed({ user_id: Uuid, at: Timestamp }),
};
