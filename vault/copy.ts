// SPDX-License-Identifier: Apache-2.0
/**
 * Copies a vault into another, of any kind and under any master key. Each secret is opened and sealed anew under a data
 * key of its own, so that a damaged one is found before it is passed on, and destroying one of two copies says nothing
 * of the other. It may be stopped and started again. Nobody else may write to either while it runs.
 */
import type { Random, Secret } from '../kernel/index.js';
import type { Doc, Op, ReadStore } from '../read-store/index.js';
import { CHECK, CHECKS, SECRETS, type Sealer, type SecretRecord, sealer } from './records.js';
import { WrongMasterKey } from './vault.js';

/** Where a vault is, and what opens it. */
export interface VaultPlace {
  readonly store: ReadStore;
  readonly masterKey: Secret<Buffer>;
}

export interface VaultCopyReport {
  /** Secrets in both at the end. */
  readonly secrets: number;
  /** How many of them this run has copied. */
  readonly copied: number;
}

export interface CopyOptions {
  readonly random: Random;
  readonly signal: AbortSignal;
  readonly progress?: (looked: number, share: number) => void;
}

export class NoVault extends Error {
  constructor() {
    super('the source holds no vault');
    this.name = 'NoVault';
  }
}

/** The target is not the source as it is or was. */
export class VaultDiffers extends Error {
  constructor(id: string, why: string) {
    super(`the secret ${id} ${why}; copy into an empty vault`);
    this.name = 'VaultDiffers';
  }
}

const PAGE = 200;

/** Every secret in the order of their ids, some at a time. */
async function* pages(store: ReadStore, signal: AbortSignal): AsyncGenerator<readonly SecretRecord[]> {
  for (let after: string | undefined; ; ) {
    signal.throwIfAborted();
    const from = after === undefined ? {} : { from: after };
    const { items } = await store.find(SECRETS, { orderBy: 'id', ...from, limit: PAGE, count: false });
    yield (items as readonly Doc[] as readonly SecretRecord[]).filter(({ id }) => id !== after);
    if (items.length < PAGE) {
      return;
    }
    after = items.at(-1)?.id;
  }
}

const idsOf = (page: readonly SecretRecord[]): string[] => page.map(({ id }) => id);

/** Undefined where there is no vault yet. Throws `WrongMasterKey`. */
async function check(store: ReadStore, { open }: Sealer): Promise<SecretRecord | undefined> {
  await store.define([SECRETS, CHECKS].map((name) => ({ name, indexes: [] })));
  const found = (await store.get(CHECKS, CHECK)) as SecretRecord | undefined;
  if (found) {
    try {
      open(found);
    } catch {
      throw new WrongMasterKey();
    }
  }
  return found;
}

/** Errors: `NoVault`, `WrongMasterKey`, `VaultTampered`, `VaultDiffers`, and what the stores throw. */
export async function copyVault(
  from: VaultPlace,
  to: VaultPlace,
  { random, signal, progress }: CopyOptions,
): Promise<VaultCopyReport> {
  const [source, target] = [sealer(from.masterKey, random), sealer(to.masterKey, random)];
  if (!(await check(from.store, source))) {
    throw new NoVault();
  }
  const whole = await check(to.store, target);
  const { total } = await from.store.find(SECRETS, { limit: 1 });

  const there = async (page: readonly SecretRecord[]): Promise<ReadonlyMap<string, SecretRecord>> =>
    (await to.store.getMany(SECRETS, idsOf(page))) as ReadonlyMap<string, Doc> as ReadonlyMap<
      string,
      SecretRecord
    >;
  const same = (one: SecretRecord, other: SecretRecord): boolean =>
    one.version === other.version && source.open(one).equals(target.open(other));

  // What is wrong with the target is said before anything is written to it.
  for await (const page of pages(to.store, signal)) {
    const known = await from.store.getMany(SECRETS, idsOf(page));
    for (const { id } of page) {
      if (!known.has(id)) {
        throw new VaultDiffers(id, 'is in the target only, or was destroyed in the source since');
      }
    }
  }
  let looked = 0;
  let copied = 0;
  for await (const page of pages(from.store, signal)) {
    const found = await there(page);
    const ops = page.flatMap((record): Op[] => {
      const { id, version } = record;
      const other = found.get(id);
      if (other && (other.version > version || (other.version === version && !same(record, other)))) {
        throw new VaultDiffers(id, 'is another in the target');
      }
      const doc = () => target.close(id, version, source.open(record));
      return other?.version === version ? [] : [{ kind: 'put', collection: SECRETS, doc: doc() }];
    });
    if (ops.length > 0) {
      await to.store.write(ops);
    }
    copied += ops.length;
    looked += page.length;
    progress?.(looked, looked / Math.max(1, total));
  }
  for await (const page of pages(from.store, signal)) {
    const found = await there(page);
    for (const record of page) {
      const other = found.get(record.id);
      if (!other || !same(record, other)) {
        throw new VaultDiffers(record.id, 'was changed while it was copied');
      }
    }
  }
  if (!whole) {
    const doc = target.close(CHECK, 1, Buffer.from(CHECK));
    await to.store.write([{ kind: 'put', collection: CHECKS, doc }]);
  }
  return { secrets: looked, copied };
}
