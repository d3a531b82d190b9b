// SPDX-License-Identifier: Apache-2.0
/** How secrets stand in a store: the layout that the vault and its copies share. */
import { canonicalJson, type Random, type Secret } from '../kernel/index.js';
import type { Doc } from '../read-store/index.js';
import { type Sealed, seal, unseal } from './envelope.js';
import { MASTER_KEY_BYTES } from './master-key.js';

/** A record does not open: its bytes, or its place among the records, are not what was written. */
export class VaultTampered extends Error {
  readonly id: string;

  constructor(id: string) {
    super(`the secret ${id} has been tampered with or damaged`);
    this.name = 'VaultTampered';
    this.id = id;
  }
}

export interface SecretRecord extends Doc {
  /** Grows with every replacement. */
  readonly version: number;
  /** The record's data key under the master key. */
  readonly key: Sealed;
  /** The secret under the data key. */
  readonly data: Sealed;
}

export const SECRETS = 'secrets';
/** Holds one record that is no secret: what opens it is the vault's master key. */
export const CHECKS = 'checks';
export const CHECK = 'master-key';

const additional = (part: 'key' | 'data', id: string, version: number): string =>
  canonicalJson(['nxmesh-vault', part, id, version]);

export interface Sealer {
  close(id: string, version: number, secret: Buffer): SecretRecord;
  /** Throws `VaultTampered`. */
  open(record: SecretRecord): Buffer;
}

export function sealer(masterKey: Secret<Buffer>, random: Random): Sealer {
  return {
    close: (id, version, secret) => {
      const dataKey = random.bytes(MASTER_KEY_BYTES);
      const key = seal(masterKey.reveal(), dataKey, additional('key', id, version), random);
      const data = seal(dataKey, secret, additional('data', id, version), random);
      dataKey.fill(0);
      return { id, version, key, data };
    },
    open: ({ id, version, key, data }) => {
      try {
        const dataKey = unseal(masterKey.reveal(), key, additional('key', id, version));
        const secret = unseal(dataKey, data, additional('data', id, version));
        dataKey.fill(0);
        return secret;
      } catch {
        // Nothing of the cause goes out: neither the bytes nor where they differ.
        throw new VaultTampered(id);
      }
    },
  };
}
