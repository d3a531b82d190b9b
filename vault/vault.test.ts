// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Secret, systemClock, systemRandom } from '../kernel/index.js';
import { memoryReadStore, type ReadStore } from '../read-store/index.js';
import { sqliteReadStore } from '../read-store/sqlite/index.js';
import { openVault, VaultTampered, WrongMasterKey } from './index.js';

const test = suite('vault');
const folder = mkdtempSync(join(tmpdir(), 'nxmesh-vault-'));
test.after(() => rmSync(folder, { recursive: true }));

const masterKey = new Secret(Buffer.alloc(32, 7));
const random = systemRandom;
const secret = (text: string): Secret<Buffer> => new Secret(Buffer.from(text));
const memory = (): ReadStore => memoryReadStore({ clock: systemClock });
const open = (store: ReadStore, key = masterKey) => openVault({ store, masterKey: key, random });

async function failure(work: Promise<unknown>): Promise<Error> {
  return work.then(
    () => assert.unreachable('did not fail') as never,
    (error: Error) => error,
  );
}

test('gives back what was put, replaces and destroys', async () => {
  const vault = await open(memory());
  assert.is(await vault.get('a'), undefined);
  for (const text of ['first', 'second', '']) {
    await vault.put('a', secret(text));
    assert.is((await vault.get('a'))?.reveal().toString(), text);
  }
  const binary = new Secret(random.bytes(10_000));
  await vault.put('b', binary);
  await vault.destroy('a');
  await vault.destroy('never there');
  assert.is(await vault.get('a'), undefined);
  assert.equal((await vault.get('b'))?.reveal(), binary.reveal());
  assert.is(inspect(await vault.get('b')), '[redacted]');
});

test('lists the ids that begin so, and no others', async () => {
  const vault = await open(memory());
  for (const id of ['a', 'a-b/2', 'a-b/1', 'a-b', 'a-c/1', 'a.b/1']) {
    await vault.put(id, secret(id));
  }
  assert.equal(await vault.list('a-b/'), ['a-b/1', 'a-b/2']);
  assert.equal(await vault.list('b'), []);
});

test('every bit of a record counts, and so does its place', async () => {
  const store = memory();
  const vault = await open(store);
  await vault.put('a', secret('of a'));
  await vault.put('b', secret('of b'));
  const good = await store.get('secrets', 'a');
  const other = await store.get('secrets', 'b');
  assert.ok(good && other);
  const write = (doc: object) =>
    store.write([{ kind: 'put', collection: 'secrets', doc: { ...good, ...doc } }]);
  const flipped = (text: unknown, at: number): string => {
    const bytes = Buffer.from(String(text), 'base64');
    bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
    return bytes.toString('base64');
  };
  const forgeries: object[] = [
    { version: 2 },
    { version: 'x' },
    { key: other.key },
    { data: other.data },
    { key: other.key, data: other.data },
    { key: '', data: '' },
    { data: undefined },
  ];
  for (const field of ['key', 'data']) {
    const { length } = Buffer.from(String(good[field]), 'base64');
    for (let at = 0; at < length; at++) {
      forgeries.push({ [field]: flipped(good[field], at) });
    }
  }
  for (const forgery of forgeries) {
    await write(forgery);
    const error = await failure(vault.get('a'));
    assert.instance(error, VaultTampered);
    assert.not.match(inspect(error), 'of b');
  }
  await write({});
  assert.is((await vault.get('a'))?.reveal().toString(), 'of a');
});

test('another master key is told at once, and changes nothing', async () => {
  const store = memory();
  await (await open(store)).put('a', secret('x'));
  assert.instance(await failure(open(store, new Secret(Buffer.alloc(32, 8)))), WrongMasterKey);
  assert.is((await (await open(store)).get('a'))?.reveal().toString(), 'x');
});

test('equal secrets look different, and never stand under one data key', async () => {
  const store = memory();
  const vault = await open(store);
  await vault.put('a', secret('same'));
  const first = await store.get('secrets', 'a');
  await vault.put('a', secret('same'));
  const second = await store.get('secrets', 'a');
  assert.is.not(first?.data, second?.data);
  assert.is.not(first?.key, second?.key);
  assert.equal([first?.version, second?.version], [1, 2]);
});

const files = (): Buffer =>
  Buffer.concat(readdirSync(folder).map((name) => readFileSync(join(folder, name))));

test('the files hold no plaintext, and nothing of what was destroyed or replaced', async () => {
  const options = { path: join(folder, 'vault.db'), clock: systemClock, durable: true };
  const store = sqliteReadStore(options);
  const vault = await open(store);
  const canary = 'CANARY-5f3a9c71-private-key';
  const gone: string[] = [];
  const remember = async (id: string): Promise<void> => {
    const record = await store.get('secrets', id);
    gone.push(String(record?.key), String(record?.data));
  };
  for (let n = 0; n < 50; n++) {
    await vault.put(`s${n}`, secret(`${canary} ${n}`));
  }
  await remember('s7');
  await remember('s8');
  assert.ok(
    gone.every((text) => files().includes(text)),
    'the search finds what is there',
  );
  await vault.destroy('s7');
  await vault.put('s8', secret(`${canary} again`));
  const forms = [
    canary,
    Buffer.from(canary).toString('base64').slice(0, 30),
    Buffer.from(canary).toString('hex'),
  ];
  const look = (): void => {
    const bytes = files();
    for (const text of [...forms, ...gone, masterKey.reveal(), masterKey.reveal().toString('base64')]) {
      assert.not(bytes.includes(text), `found ${String(text)}`);
    }
  };
  look();
  await vault.close();
  look();
  const again = await open(sqliteReadStore(options));
  assert.is((await again.get('s8'))?.reveal().toString(), `${canary} again`);
  await again.close();
});

test.run();
