// SPDX-License-Identifier: Apache-2.0
/** Users and their sign-ins, as every role of a process shares them. */
import {
  type Accounts,
  accounts,
  endMemberships,
  erasure,
  type Handlers,
  type Identity,
  identity,
  names,
  passwords,
  type Sessions,
  sessions,
} from '../commands/index.js';
import { tokenIssuer } from '../http/index.js';
import { type Clock, type Random, Secret, streams } from '../kernel/index.js';
import type { Access } from '../projections/index.js';
import type { Personal } from '../vault/index.js';
import type { Exclusively } from './exclusively.js';
import type { FirstKeys } from './first-keys.js';
import type { ServeSettings } from './settings.js';
import { TOKENS } from './tokens.js';

export interface People {
  readonly accounts: Accounts;
  readonly identity: Identity;
  readonly sessions: Sessions;
  /** Does what follows from a user's erasure. */
  readonly forget: (userId: string) => Promise<void>;
}

interface Deps {
  readonly handlers: Handlers;
  readonly access: Access;
  readonly persons: Personal;
  readonly clock: Clock;
  readonly random: Random;
  readonly exclusively: Exclusively;
}

const FRESH_MS = 5_000;

export function people(
  keys: FirstKeys,
  { handlers, access, persons, clock, random, exclusively }: Deps,
): People {
  const fresh = (): Promise<boolean> => access.fresh(FRESH_MS);
  const base = { handlers, personal: keys.personal, clock, random, passwords: passwords(), fresh };
  // From the log itself: what this process knows may be of a moment ago, and a session would end for it.
  const versionOf = (userId: string): Promise<number | undefined> =>
    handlers.user.peek(streams.user(userId), ({ user }) =>
      user?.disabled ? undefined : user?.sessionVersion,
    );
  const named = names(base);
  const made = accounts({
    ...base,
    names: named,
    exclusively,
    administrators: async () => {
      await fresh();
      return access.administrators();
    },
  });
  const signedIn = sessions({
    ...base,
    tokens: keys.refreshTokens,
    sessionsOf: access.sessionsOf,
    versionOf,
    issue: tokenIssuer({ ...TOKENS, clock, random, signer: keys.signing.signer }),
    passed: access.passed,
  });
  return {
    accounts: made,
    identity: identity({ ...base, names: named, accounts: made, versionOf }),
    sessions: signedIn,
    forget: erasure({
      ...base,
      names: named,
      sessions: signedIn,
      keysOf: (userId) => access.keysOf(userId).map(({ key }) => key.id),
      endMemberships: endMemberships(base, access.organizationsOf),
      destroyKey: persons.destroy,
    }),
  };
}

/** Makes the first administrator where there is none; gives the password if it had to make one. */
export async function firstAdministrator(
  { identity }: People,
  access: Access,
  { adminEmail, adminPassword }: ServeSettings,
  random: Random,
): Promise<Secret | undefined> {
  const there = access.administrators();
  for (const userId of there) {
    await identity.renew(userId);
  }
  if (there.length > 0) {
    return undefined;
  }
  const password = adminPassword ?? new Secret(random.bytes(18).toString('base64url'));
  const made = await identity.makeAdministrator(adminEmail, password);
  return made && adminPassword === undefined ? password : undefined;
}
