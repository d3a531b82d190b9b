// SPDX-License-Identifier: Apache-2.0
import { createHmac } from 'node:crypto';
import type { PersonalField } from '../../domain/index.js';
import { foldedName, type Random, Secret, streams } from '../../kernel/index.js';
import type { Vault } from '../../vault/index.js';

/** Who a user is. Stands in the vault only. */
export interface Profile {
  readonly username: string;
  readonly email: string;
  readonly full_name: string | null;
}

/** Fields that were changed at a revision of the user, kept before the event that says so. */
export interface Unsaid {
  readonly fields: readonly PersonalField[];
  readonly revision: bigint;
}

/** Where a session was last used from. Stands in the vault only. */
export interface ClientHint {
  readonly user_agent: string | null;
  readonly network: string;
}

/** Everything about people that must be forgotten one day: one vault record each, gone when its data key is. */
export interface PersonalRecords {
  profile(userId: string): Promise<Profile | undefined>;
  keepProfile(userId: string, profile: Profile, unsaid?: Unsaid): Promise<void>;
  /** What was kept last, where the event may never have come: whoever changes the user next says it. */
  unsaid(userId: string): Promise<Unsaid | undefined>;
  /** PHC string. */
  passwordHash(userId: string): Promise<string | undefined>;
  keepPasswordHash(userId: string, phc: string): Promise<void>;
  client(sessionId: string): Promise<ClientHint | undefined>;
  keepClient(sessionId: string, hint: ClientHint): Promise<void>;
  forgetClient(sessionId: string): Promise<void>;
  /** Whether address and password are still kept as the first version did. */
  isOld(userId: string): Promise<boolean>;
  /** Keeps them as they are kept now. */
  renew(userId: string): Promise<void>;
  /** Profile and password. */
  forget(userId: string): Promise<void>;
  /** Streams that reserve an address and a user name: a keyed hash, so that the log holds neither. */
  emailStream(email: string): string;
  usernameStream(username: string): string;
  /** An address however it is written, as a digest under a key. */
  addressDigest(email: string): string;
  /** A keyed digest: one without a key would let a reader of the log try passwords and addresses on it. */
  digest(text: string): string;
}

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

const profileId = (userId: string): string => `user/${userId}/profile`;
const passwordId = (userId: string): string => `user/${userId}/password`;
const clientId = (sessionId: string): string => `session/${sessionId}`;
/** Address and password in one record, as the first version kept them. */
const credentialId = (userId: string): string => `user/${userId}/credential`;

/** A profile as it stands in the vault. */
type ProfileRecord = Profile & { readonly unsaid?: Omit<Unsaid, 'revision'> & { readonly revision: string } };

const FIRST_USERNAME = 'admin';

export async function personalRecords({
  vault,
  random,
}: {
  vault: Vault;
  random: Random;
}): Promise<PersonalRecords> {
  const key = await vaultKey(vault, 'identity/email-key', random);
  const hmac = (text: string): string => createHmac('sha256', key.reveal()).update(text).digest('hex');
  const put = (id: string, text: string): Promise<void> => vault.put(id, new Secret(Buffer.from(text)));
  const get = async (id: string): Promise<string | undefined> => (await vault.get(id))?.reveal().toString();

  async function credential(userId: string): Promise<{ email: string; password: string } | undefined> {
    const text = await get(credentialId(userId));
    return text === undefined ? undefined : (JSON.parse(text) as { email: string; password: string });
  }

  async function profileRecord(userId: string): Promise<ProfileRecord | undefined> {
    const text = await get(profileId(userId));
    return text === undefined ? undefined : (JSON.parse(text) as ProfileRecord);
  }

  return {
    profile: async (userId) => {
      const found = await profileRecord(userId);
      if (found) {
        const { unsaid: _, ...profile } = found;
        return profile;
      }
      const old = await credential(userId);
      return old && { username: FIRST_USERNAME, email: old.email, full_name: null };
    },
    keepProfile: (userId, profile, unsaid) => {
      const kept: ProfileRecord = unsaid
        ? { ...profile, unsaid: { ...unsaid, revision: String(unsaid.revision) } }
        : profile;
      return put(profileId(userId), JSON.stringify(kept));
    },
    unsaid: async (userId) => {
      const found = (await profileRecord(userId))?.unsaid;
      return found && { ...found, revision: BigInt(found.revision) };
    },
    passwordHash: async (userId) => (await get(passwordId(userId))) ?? (await credential(userId))?.password,
    keepPasswordHash: (userId, phc) => put(passwordId(userId), phc),
    client: async (sessionId) => {
      const text = await get(clientId(sessionId));
      return text === undefined ? undefined : (JSON.parse(text) as ClientHint);
    },
    keepClient: (sessionId, hint) => put(clientId(sessionId), JSON.stringify(hint)),
    forgetClient: (sessionId) => vault.destroy(clientId(sessionId)),
    isOld: async (userId) => (await credential(userId)) !== undefined,
    renew: async (userId) => {
      const old = await credential(userId);
      if (old) {
        const profile = { username: FIRST_USERNAME, email: old.email, full_name: null };
        await put(profileId(userId), JSON.stringify(profile));
        await put(passwordId(userId), old.password);
        await vault.destroy(credentialId(userId));
      }
    },
    forget: async (userId) => {
      for (const id of [profileId(userId), passwordId(userId), credentialId(userId)]) {
        await vault.destroy(id);
      }
    },
    addressDigest: (email) => hmac(foldedName(email)),
    emailStream: (email) => streams.email(hmac(foldedName(email))),
    usernameStream: (username) => streams.username(hmac(`username ${foldedName(username)}`)),
    digest: (text) => hmac(`digest ${text}`),
  };
}
