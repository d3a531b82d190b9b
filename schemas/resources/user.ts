// SPDX-License-Identifier: Apache-2.0
import { closed, DisplayName, nullable, type Static, Timestamp, Type, Uuid } from '../common.js';

/** No white space, no control, invisible or direction characters; whether mail arrives there is not ours to say. */
const LOCAL =
  '[^\\s@\\u0000-\\u001f\\u007f-\\u009f\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u2069\\ud800-\\udfff]';
export const Email = Type.String({
  minLength: 3,
  maxLength: 254,
  pattern: `^${LOCAL}{1,64}@${LOCAL}{1,189}$`,
});

export const Username = Type.String({
  minLength: 1,
  maxLength: 64,
  pattern: '^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$',
});

export const User = closed({
  id: Uuid,
  username: Username,
  email: Email,
  full_name: nullable(DisplayName),
  is_active: Type.Boolean(),
  is_admin: Type.Boolean(),
  created_at: Timestamp,
  updated_at: Timestamp,
});
export type User = Static<typeof User>;

/** A sign-in that is still open. */
export const Session = closed({
  id: Uuid,
  user_id: Uuid,
  created_at: Timestamp,
  last_refreshed_at: Timestamp,
  expires_at: Timestamp,
  /** What the client said it is, and the network that it came from last. */
  client: nullable(
    closed({
      user_agent: nullable(Type.String({ maxLength: 200 })),
      network: Type.String({ maxLength: 64 }),
    }),
  ),
  /** Whether it is the one that asks. */
  current: Type.Boolean(),
});
export type Session = Static<typeof Session>;
