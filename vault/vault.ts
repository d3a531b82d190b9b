// SPDX-License-Identifier: Apache-2.0
import { canonicalJson, type Random, Secret, unavailable } from '../kernel/index.js';
import { type Doc, type ReadStore, StoreUnavailable } from '../read-store/index.js';
import { type Sealed, seal, unseal } from './envelope.js';
import { MASTER_KEY_BYTES } from './master-key.js';
import type { Vault } from './port.js';

/** A record does not open: its bytes, or its place among the records, are not what was written. */
export class VaultTampered extends Error {
  readonly id: string;

  constructor(id: string) {
    super(`the secret ${id} has been tampered with or damaged`);
    this.name = 'VaultTampered';
    this.id = id;
  }
}

/** The vault was made under another master key. */
export class WrongMasterKey extends Error {
  constructor() {
    super('the vault was made under another master key');
    this.name = 'WrongMasterKey';
  }
}

export interface VaultDeps {
  /** A durable one of its own; the vault closes it. */
  readonly store: ReadStore;
  readonly masterKey: Secret<Buffer>;
  readonly random: Random;
}

interface SecretRecord extends Doc {
  /** Grows with every replacement. */
  readonly version: number;
  /** The record's data key under the master key. */
  readonly key: Sealed;
  /** The secret under the data key. */
  readonly data: Sealed;
}

const SECRETS = 'secrets';
const CHECKS = 'checks';
const CHECK = 'master-key';

const additional = (part: 'key' | 'data', id: string, version: number): string =>
  canonicalJson(['nxmesh-vault', part, id, version]);

/** Errors: `WrongMasterKey`, and what the store throws. */
export async function openVault({ store, masterKey, random }: VaultDeps): Promise<Vault> {
  function close(id: string, version: number, secret: Buffer): SecretRecord {
    const dataKey = random.bytes(MASTER_KEY_BYTES);
    const key = seal(masterKey.reveal(), dataKey, additional('key', id, version), random);
    const data = seal(dataKey, secret, additional('data', id, version), random);
    dataKey.fill(0);
    return { id, version, key, data };
  }

  function open(id: string, record: SecretRecord): Buffer {
    try {
      const dataKey = unseal(masterKey.reveal(), record.key, additional('key', id, record.version));
      const secret = unseal(dataKey, record.data, additional('data', id, record.version));
      dataKey.fill(0);
      return secret;
    } catch {
      // Nothing of the cause goes out: neither the bytes nor where they differ.
      throw new VaultTampered(id);
    }
  }

  const put = (collection: string, doc: Doc): Promise<void> =>
    store.write([{ kind: 'put', collection, doc }]);
  const record = async (collection: string, id: string): Promise<SecretRecord | undefined> =>
    (await store.get(collection, id)) as SecretRecord | undefined;

  await store.define([SECRETS, CHECKS].map((name) => ({ name, indexes: [] })));
  const check = await record(CHECKS, CHECK);
  if (!check) {
    await put(CHECKS, close(CHECK, 1, Buffer.from(CHECK)));
  } else {
    try {
      open(CHECK, check);
    } catch {
      throw new WrongMasterKey();
    }
  }

  return {
    put: (id, secret) =>
      reach(async () => {
        const before = await record(SECRETS, id);
        await put(SECRETS, close(id, Number(before?.version ?? 0) + 1, secret.reveal()));
      }),
    get: (id) =>
      reach(async () => {
        const found = await record(SECRETS, id);
        return found && new Secret(open(id, found));
      }),
    destroy: (id) => reach(() => store.write([{ kind: 'delete', collection: SECRETS, id }])),
    close: () => store.close(),
  };
}

/** A store that is out of reach, or has no room, may be asked again: the caller is told so. */
async function reach<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof StoreUnavailable ? unavailable('The vault is out of reach', error) : error;
  }
}
