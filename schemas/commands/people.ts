// SPDX-License-Identifier: Apache-2.0
/** Bodies about people: signing in, users, keys. */
import { closed, GivenName, nullable, type Static, Timestamp, Type, Uuid } from '../common.js';
import * as R from '../resources/index.js';
import { atLeastOne, optional } from './shape.js';

/** Either the address or the user name. */
export const Login = closed({
  email: optional(Type.String({ minLength: 3, maxLength: 254 })),
  username: optional(Type.String({ minLength: 1, maxLength: 64 })),
  password: Type.String({ minLength: 1, maxLength: 1024 }),
  /** The refresh token comes as a cookie that no script can read, instead of in the body. */
  cookie: optional(Type.Boolean()),
});
export type Login = Static<typeof Login>;

// What else a password must have is told by the command, all of it at once.
const Password = Type.String({ minLength: 1, maxLength: 1024, writeOnly: true });

export const CreateUser = closed({
  username: R.Username,
  email: R.Email,
  password: Password,
  full_name: optional(nullable(GivenName)),
  is_admin: optional(Type.Boolean()),
});
export type CreateUser = Static<typeof CreateUser>;

const personal = {
  username: optional(R.Username),
  email: optional(R.Email),
  full_name: optional(nullable(GivenName)),
};
/** Another address is another way in: it takes the password that one has. */
const currentPassword = { current_password: optional(Password) };
export const UpdateMe = closed({ ...personal, ...currentPassword }, atLeastOne);
export type UpdateMe = Static<typeof UpdateMe>;

/** What an administrator may change of a user. */
export const UpdateUser = closed(
  {
    ...personal,
    password: optional(Password),
    is_active: optional(Type.Boolean()),
    is_admin: optional(Type.Boolean()),
  },
  atLeastOne,
);
export type UpdateUser = Static<typeof UpdateUser>;

const whole = { username: R.Username, email: R.Email, full_name: personal.full_name };
/** All of it, as a PUT has it: nothing that is said of a user is decided by leaving it out. */
export const ReplaceMe = closed({ ...whole, ...currentPassword });
export type ReplaceMe = Static<typeof ReplaceMe>;
export const ReplaceUser = closed({
  ...whole,
  password: optional(Password),
  is_active: Type.Boolean(),
  is_admin: Type.Boolean(),
});
export type ReplaceUser = Static<typeof ReplaceUser>;

export const ChangePassword = closed({ old_password: Password, new_password: Password });
export type ChangePassword = Static<typeof ChangePassword>;

/** Without a token in the body it is taken from the cookie. */
export const RefreshSession = closed({
  refresh_token: optional(Type.String({ minLength: 1, maxLength: 512, writeOnly: true })),
});
export type RefreshSession = Static<typeof RefreshSession>;

/** `expires_at`: never when left out. `organization_id`: all of its maker's when left out. */
export const CreateApiKey = closed({
  name: GivenName,
  scopes: Type.Array(Type.String({ minLength: 1, maxLength: 64 }), {
    minItems: 1,
    maxItems: 64,
    uniqueItems: true,
  }),
  organization_id: optional(nullable(Uuid)),
  expires_at: optional(nullable(Timestamp)),
});
export type CreateApiKey = Static<typeof CreateApiKey>;
