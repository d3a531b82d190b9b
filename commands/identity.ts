// SPDX-License-Identifier: Apache-2.0
import { type Secret, streams, uuidv5 } from '../kernel/index.js';
import type { CommandContext } from './context.js';
import type { Handlers } from './handlers.js';
import type { Accounts } from './user/accounts.js';
import type { Name, Names } from './user/names.js';
import type { Passwords } from './user/password.js';
import type { PersonalRecords } from './user/personal.js';

export interface IdentityDeps {
  readonly handlers: Handlers;
  readonly personal: PersonalRecords;
  readonly names: Names;
  readonly accounts: Accounts;
  readonly passwords: Passwords;
  /** The session version of a user who may come in. */
  readonly versionOf: (userId: string) => Promise<number | undefined>;
}

export interface Identity {
  /**
   * The user behind an address or a user name and its password, with the version that a session of it would have;
   * undefined when either is wrong, the user may not come in or `mayTry` says no, after the same time.
   */
  authenticate(
    by: Name,
    name: string,
    password: Secret,
    mayTry: (userId: string) => boolean,
  ): Promise<{ readonly userId: string; readonly sessionVersion: number } | undefined>;
  /** Whether this is the user's password. */
  isPassword(userId: string, password: Secret): Promise<boolean>;
  /** The address that a user signs in with; undefined when there is no such user (any more). */
  addressOf(userId: string): Promise<string | undefined>;
  /** An address however it is written, as a digest under a key: it may stand where the address may not. */
  addressDigest(email: string): string;
  /** Brings the one user of the first version to how users are kept now. */
  renew(userId: string): Promise<void>;
  /** Makes the first administrator, or says that the address has a user already. */
  makeAdministrator(email: string, password: Secret): Promise<boolean>;
}

const FIRST_USERNAME = 'admin';
/** Looked up where a name has no user, so that the way is as long as for one that has. */
const NOBODY = uuidv5('nobody');

/** Users, by the address or the name that they sign in with. The log holds neither address nor password. */
export function identity(deps: IdentityDeps): Identity {
  const { handlers, personal, names, passwords } = deps;

  const isPassword = async (userId: string, password: Secret): Promise<boolean> =>
    passwords.verify(password, await personal.passwordHash(userId));

  return {
    isPassword,
    authenticate: async (by, name, password, mayTry) => {
      const userId = (await names.holder(by, name)) ?? NOBODY;
      const tried = mayTry(userId);
      // Of before the password is looked at: one that is changed meanwhile makes what follows worth nothing.
      const sessionVersion = await deps.versionOf(userId);
      const right = await isPassword(userId, password);
      return right && tried && sessionVersion !== undefined ? { userId, sessionVersion } : undefined;
    },
    addressOf: async (userId) => (await personal.profile(userId))?.email,
    addressDigest: personal.addressDigest,
    renew: async (userId) => {
      if (await personal.isOld(userId)) {
        await names.reserve('username', FIRST_USERNAME, userId, systemContext(userId));
        await personal.renew(userId);
      }
    },
    makeAdministrator: async (email, password) => {
      // The same at every start, so that one that was cut off is gone on with; another where that one was erased.
      let userId = uuidv5('first administrator', personal.emailStream(email));
      while (await handlers.user.peek(streams.user(userId), (state) => state.erased)) {
        userId = uuidv5('first administrator', userId);
      }
      const holder = await names.holder('email', email);
      if (holder !== undefined && holder !== userId) {
        return false;
      }
      const named = await names.holder('username', FIRST_USERNAME);
      const username =
        named === undefined || named === userId ? FIRST_USERNAME : `${FIRST_USERNAME}-${userId.slice(0, 8)}`;
      await deps.accounts.create(
        userId,
        { username, email, is_admin: true },
        password,
        systemContext(userId),
      );
      return true;
    },
  };
}

function systemContext(userId: string): CommandContext {
  const commandId = uuidv5('create-user', userId);
  return { commandId, digest: commandId, correlationId: commandId, causationId: commandId, actor: 'system' };
}
