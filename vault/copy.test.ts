// SPDX-License-Identifier: Apache-2.0
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Secret, systemClock, systemRandom } from '../kernel/index.js';
import { memoryReadStore, type Op, type ReadStore } from '../read-store/index.js';
import {
  copyVault,
  NoVault,
  openVault,
  UnfinishedCopy,
  VaultDiffers,
  VaultTampered,
  WrongMasterKey,
} from './index.js';

const test = suite('a copy of the vault');
const random = systemRandom;
const [ours, another] = [7, 8].map((byte) => new Secret(Buffer.alloc(32, byte)));
const memory = (): ReadStore => memoryReadStore({ clock: systemClock });
const secret = (text: string): Secret<Buffer> => new Secret(Buffer.from(text));

const open = (store: ReadStore, masterKey = ours) =>
  openVault({ store, masterKey: masterKey as Secret<Buffer>, random });
const copy = (from: ReadStore, to: ReadStore, keys = [ours, ours], signal = new AbortController().signal) =>
  copyVault(
    { store: from, masterKey: keys[0] as Secret<Buffer> },
    { store: to, masterKey: keys[1] as Secret<Buffer> },
    { random, signal },
  );

async function failure(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => assert.unreachable('did not fail'),
    (error: unknown) => error,
  );
}

/** More than are looked at together. */
const MANY = 450;
/** A page begins with what the one before it ended with. */
const TWO_PAGES = 399;

async function filled(): Promise<ReadStore> {
  const store = memory();
  const vault = await open(store);
  for (let n = 0; n < MANY; n += 1) {
    await vault.put(`secret/${n}`, secret(`of ${n}`));
  }
  await vault.put('secret/7', secret('of 7, replaced'));
  return store;
}

async function holdsAll(store: ReadStore, key = ours): Promise<void> {
  const vault = await open(store, key);
  for (const n of [0, 199, 200, 201, MANY - 1]) {
    assert.is((await vault.get(`secret/${n}`))?.reveal().toString(), `of ${n}`);
  }
  assert.is((await vault.get('secret/7'))?.reveal().toString(), 'of 7, replaced');
}

/** A store that fails after so many writes, as a process that is killed. */
function failing(store: ReadStore, writes: number): ReadStore {
  let left = writes;
  return {
    ...store,
    write: async (ops: readonly Op[]) => {
      left -= 1;
      if (left < 0) {
        throw new Error('killed');
      }
      await store.write(ops);
    },
  };
}

test('holds every secret, under the same key or another', async () => {
  const source = await filled();
  for (const key of [ours, another]) {
    const target = memory();
    assert.equal(await copy(source, target, [ours, key]), { secrets: MANY, copied: MANY });
    await holdsAll(target, key);
    assert.equal(await copy(source, target, [ours, key]), { secrets: MANY, copied: 0 });
  }
});

test('goes on where it was broken off; nobody starts on half of one', async () => {
  const source = await filled();
  const target = memory();
  for (const writes of [1, 1]) {
    await failure(copy(source, failing(target, writes)));
    assert.instance(await failure(open(target)), UnfinishedCopy);
  }
  assert.equal(await copy(source, target), { secrets: MANY, copied: MANY - TWO_PAGES });
  await holdsAll(target);
});

test('takes along what was replaced meanwhile, and refuses what was destroyed', async () => {
  const source = await filled();
  const target = memory();
  await failure(copy(source, failing(target, 2)));
  const vault = await open(source);
  await vault.put('secret/0', secret('of 0'));
  assert.equal(await copy(source, target), { secrets: MANY, copied: MANY - TWO_PAGES + 1 });
  await holdsAll(target);
  await vault.destroy('secret/1');
  const error = await failure(copy(source, target));
  assert.instance(error, VaultDiffers);
  assert.match(String(error), /secret\/1 is in the target only/);
});

test('refuses a target that is in use, before it writes', async () => {
  const source = await filled();
  const target = memory();
  await (await open(target)).put('secret/0', secret('of another installation'));
  const before = await target.hash('secrets');
  const error = await failure(copy(source, target));
  assert.instance(error, VaultDiffers);
  assert.not.match(String(error), /installation/);
  assert.is(await target.hash('secrets'), before);
});

test('passes on nothing that is damaged, and names what is wrong', async () => {
  assert.instance(await failure(copy(memory(), memory())), NoVault);
  const source = await filled();
  assert.instance(await failure(copy(source, memory(), [another, another])), WrongMasterKey);
  const target = memory();
  await copy(source, target);
  assert.instance(await failure(copy(source, target, [ours, another])), WrongMasterKey);
  const found = await source.get('secrets', 'secret/3');
  const other = await source.get('secrets', 'secret/4');
  assert.ok(found && other);
  await source.write([{ kind: 'put', collection: 'secrets', doc: { ...found, data: other['data'] } }]);
  const error = await failure(copy(source, memory()));
  assert.instance(error, VaultTampered);
  assert.is((error as VaultTampered).id, 'secret/3');
});

test('stops when it is told to', async () => {
  const stopped = AbortSignal.abort(new Error('stopped'));
  const error = await failure(copy(await filled(), memory(), [ours, ours], stopped));
  assert.match(String(error), /stopped/);
});

test.run();
