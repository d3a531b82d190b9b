// SPDX-License-Identifier: Apache-2.0
import { createHmac } from 'node:crypto';
import { type Clock, type Random, Secret, streams, timestamp, uuidv5 } from '../kernel/index.js';
import type { Vault } from '../vault/index.js';
import type { CommandContext } from './context.js';
import type { Handlers } from './handlers.js';
import type { Passwords } from './password.js';

export interface IdentityDeps {
  readonly handlers: Handlers;
  readonly vault: Vault;
  readonly passwords: Passwords;
  readonly clock: Clock;
  readonly random: Random;
}

export interface Identity {
  /** The user behind an address and its password; undefined when either is wrong, after the same time. */
  authenticate(email: string, password: Secret): Promise<{ userId: string } | undefined>;
  /** Makes the first administrator where the address has no user yet; says whether it did. */
  ensureAdmin(email: string, password: Secret): Promise<boolean>;
}

interface Credential {
  readonly email: string;
  readonly password: string;
}

const credentialId = (userId: string): string => `user/${userId}/credential`;

/** A random key that is made at its first use and kept in the vault. */
export async function vaultKey(vault: Vault, id: string, random: Random): Promise<Secret<Buffer>> {
  const found = await vault.get(id);
  if (found) {
    return found;
  }
  await vault.put(id, new Secret(random.bytes(32)));
  const made = await vault.get(id);
  if (!made) {
    throw new Error(`the vault does not keep ${id}`);
  }
  return made;
}

/** Users, by the address that they sign in with. The log holds neither address nor password. */
export async function identity(deps: IdentityDeps): Promise<Identity> {
  const { handlers, vault, passwords, clock, random } = deps;
  const key = await vaultKey(vault, 'identity/email-key', random);

  const emailStream = (email: string): string =>
    streams.email(
      createHmac('sha256', key.reveal()).update(email.trim().toLowerCase().normalize('NFC')).digest('hex'),
    );

  const userOf = (email: string): Promise<string | undefined> =>
    handlers.email.peek(emailStream(email), (state) => state.userId);

  async function credentialOf(userId: string | undefined): Promise<Credential | undefined> {
    const secret = userId === undefined ? undefined : await vault.get(credentialId(userId));
    return secret && (JSON.parse(secret.reveal().toString()) as Credential);
  }

  return {
    authenticate: async (email, password) => {
      const userId = await userOf(email);
      const credential = await credentialOf(userId);
      const right = await passwords.verify(password, credential?.password);
      return right && userId !== undefined ? { userId } : undefined;
    },
    ensureAdmin: async (email, password) => {
      if ((await userOf(email)) !== undefined) {
        return false;
      }
      const stream = emailStream(email);
      const userId = uuidv5('first administrator', stream);
      const at = timestamp(clock.now());
      // The credential first: a user without one could never sign in, one without a user does no harm.
      const credential = JSON.stringify({ email, password: await passwords.hash(password) });
      await vault.put(credentialId(userId), new Secret(Buffer.from(credential)));
      await handlers.user.run(
        streams.user(userId),
        userId,
        { type: 'create-user', id: userId, isAdmin: true, at },
        systemContext('create-user', userId),
        () => undefined,
      );
      await handlers.email.run(
        stream,
        userId,
        { type: 'reserve-email', userId, at },
        systemContext('reserve-email', userId),
        () => undefined,
      );
      return true;
    },
  };
}

function systemContext(step: string, userId: string): CommandContext {
  const commandId = uuidv5(step, userId);
  return { commandId, digest: commandId, correlationId: commandId, causationId: commandId, actor: 'system' };
}
