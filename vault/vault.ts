// SPDX-License-Identifier: Apache-2.0
import { type Random, Secret, unavailable } from '../kernel/index.js';
import { type Doc, type ReadStore, StoreUnavailable } from '../read-store/index.js';
import type { Vault } from './port.js';
import { CHECK, CHECKS, SECRETS, type SecretRecord, sealer } from './records.js';

/** The vault was made under another master key. */
export class WrongMasterKey extends Error {
  constructor() {
    super('the vault was made under another master key');
    this.name = 'WrongMasterKey';
  }
}

/** A copy writes last what says that a vault is whole: a process that started on half of one would make keys anew. */
export class UnfinishedCopy extends Error {
  constructor() {
    super('the vault is a copy that was not finished; run nxmesh vault copy again');
    this.name = 'UnfinishedCopy';
  }
}

export interface VaultDeps {
  /** A durable one of its own; the vault closes it. */
  readonly store: ReadStore;
  readonly masterKey: Secret<Buffer>;
  readonly random: Random;
}

const MAX_LISTED = 1_000;

/** Errors: `WrongMasterKey`, and what the store throws. */
export async function openVault({ store, masterKey, random }: VaultDeps): Promise<Vault> {
  const { close, open } = sealer(masterKey, random);
  const put = (collection: string, doc: Doc): Promise<void> =>
    store.write([{ kind: 'put', collection, doc }]);
  const record = async (collection: string, id: string): Promise<SecretRecord | undefined> =>
    (await store.get(collection, id)) as SecretRecord | undefined;

  await store.define([SECRETS, CHECKS].map((name) => ({ name, indexes: [] })));
  // Asked in this order: another process may be starting, and writes the check before any secret.
  const { items } = await store.find(SECRETS, { limit: 1, count: false });
  const check = await record(CHECKS, CHECK);
  if (!check && items.length > 0) {
    throw new UnfinishedCopy();
  }
  if (!check) {
    await put(CHECKS, close(CHECK, 1, Buffer.from(CHECK)));
  } else {
    try {
      open({ ...check, id: CHECK });
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
        return found && new Secret(open({ ...found, id }));
      }),
    destroy: (id) => reach(() => store.write([{ kind: 'delete', collection: SECRETS, id }])),
    list: (prefix) =>
      reach(async () => {
        const { items } = await store.find(SECRETS, {
          orderBy: 'id',
          from: prefix,
          // Behind every id that begins so: ids are ASCII.
          to: `${prefix}\u{ffff}`,
          limit: MAX_LISTED,
          count: false,
        });
        return items.map(({ id }) => id);
      }),
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
