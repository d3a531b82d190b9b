// SPDX-License-Identifier: Apache-2.0
/**
 * Personal data that has to stand where nothing is ever deleted: sealed under a key of the person's own. Destroying the
 * key makes all of it unreadable, in every copy of the log; a backup of the vault still has the key.
 */
import { type Random, Secret } from '../kernel/index.js';
import { seal, unseal } from './envelope.js';
import { MASTER_KEY_BYTES } from './master-key.js';
import type { Vault } from './port.js';

export interface Personal {
  /** `<user id>.<sealed>`: whoever opens it needs to know nothing else. */
  seal(userId: string, text: string): Promise<string>;
  /** Null when the key is gone, or the text was sealed under another. */
  open(sealed: string): Promise<string | null>;
  /** For ever. */
  destroy(userId: string): Promise<void>;
}

const place = (userId: string): string => `user/${userId}/personal-key`;
const MAX_KEYS = 10_000;

/** Runs tasks of one name one after the other, over all processes that share the vault. */
export type Alone = <T>(name: string, task: () => Promise<T>) => Promise<T>;

export function personal(vault: Vault, random: Random, alone: Alone): Personal {
  // Sealing is done at every command. Opening always asks the vault: a destroyed key must not live on in memory.
  const known = new Map<string, Promise<Secret<Buffer>>>();
  /** What was sealed last for each person: most of what they ask for comes from one network. */
  const newest = new Map<string, { readonly text: string; readonly sealed: string }>();

  /** Never by two at a time: what was sealed under a key that another one took the place of could not be opened again. */
  const make = (userId: string): Promise<Secret<Buffer>> =>
    alone(place(userId), async () => {
      const made = await vault.get(place(userId));
      if (made) {
        return made;
      }
      const key = new Secret(random.bytes(MASTER_KEY_BYTES));
      await vault.put(place(userId), key);
      return key;
    });
  const find = async (userId: string): Promise<Secret<Buffer>> =>
    (await vault.get(place(userId))) ?? make(userId);

  function keyOf(userId: string): Promise<Secret<Buffer>> {
    const key = known.get(userId) ?? find(userId);
    known.set(userId, key);
    key.catch(() => known.delete(userId));
    if (known.size > MAX_KEYS) {
      known.delete(known.keys().next().value ?? '');
    }
    return key;
  }

  return {
    seal: async (userId, text) => {
      const key = await keyOf(userId);
      const last = newest.get(userId);
      if (last?.text === text) {
        return last.sealed;
      }
      const sealed = `${userId}.${seal(key.reveal(), Buffer.from(text), `personal/${userId}`, random)}`;
      newest.set(userId, { text, sealed });
      if (newest.size > MAX_KEYS) {
        newest.delete(newest.keys().next().value ?? '');
      }
      return sealed;
    },
    open: async (text) => {
      const userId = text.slice(0, text.indexOf('.'));
      const sealed = text.slice(userId.length + 1);
      const key = await vault.get(place(userId));
      try {
        return key ? unseal(key.reveal(), sealed, `personal/${userId}`).toString() : null;
      } catch {
        return null;
      }
    },
    destroy: async (userId) => {
      known.delete(userId);
      newest.delete(userId);
      await vault.destroy(place(userId));
    },
  };
}
