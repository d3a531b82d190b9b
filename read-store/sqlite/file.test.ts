// SPDX-License-Identifier: Apache-2.0
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { systemClock } from '../../kernel/index.js';
import { manualClock } from '../clock.harness.js';
import { type ReadStore, StoreUnusable } from '../index.js';
import { removeSqliteStore, type SqliteReadStoreOptions, sqliteReadStore } from './index.js';

const test = suite<{ folder: string; path: string }>('read store: the sqlite file');
const clock = manualClock();

test.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), 'nxmesh-file-'));
  context.path = join(context.folder, 'read.db');
});
test.after.each(({ folder }) => rmSync(folder, { recursive: true }));

const open = (path: string, options: Partial<SqliteReadStoreOptions> = {}): ReadStore =>
  sqliteReadStore({ path, clock, ...options });

async function filled(path: string, count = 2_000): Promise<void> {
  const store = open(path);
  await store.define([{ name: 'x.v1/x', indexes: ['name'] }]);
  const doc = (n: number) => ({ id: `d${n}`, name: `n${n}`, text: 'x'.repeat(200) });
  await store.write(
    Array.from({ length: count }, (_, n) => ({ kind: 'put', collection: 'x.v1/x', doc: doc(n) })),
  );
  await store.close();
}

function refusal(task: () => unknown): string {
  try {
    task();
    return 'opened';
  } catch (error) {
    assert.instance(error, StoreUnusable);
    return (error as StoreUnusable).why;
  }
}

test('what is written is there after reopening, for its owner alone', async ({ path }) => {
  await filled(path);
  assert.is(statSync(path).mode & 0o777, 0o600);
  const store = open(path);
  assert.is((await store.find('x.v1/x', { where: { name: 'n7' } })).total, 1);
  await store.close();
});

test('a file that is not ours is refused and left as it is', async ({ path }) => {
  const text = 'not a database '.repeat(500);
  writeFileSync(path, text);
  assert.is(
    refusal(() => open(path, { ifUnusable: 'replace' })),
    'foreign',
  );
  assert.is(readFileSync(path, 'utf8'), text);
  rmSync(path);
  const foreign = new DatabaseSync(path);
  foreign.exec('CREATE TABLE theirs (x)');
  foreign.close();
  const before = readFileSync(path);
  assert.is(
    refusal(() => open(path, { ifUnusable: 'replace' })),
    'foreign',
  );
  assert.equal(readFileSync(path), before);
  assert.not.ok(existsSync(`${path}-wal`));
});

test('a newer file is refused, or replaced when told to', async ({ path }) => {
  await filled(path);
  const db = new DatabaseSync(path);
  db.exec('PRAGMA user_version = 99');
  db.close();
  assert.is(
    refusal(() => open(path)),
    'newer',
  );
  assert.is(
    refusal(() => open(path, { durable: true, ifUnusable: 'replace' })),
    'newer',
    'keys are never thrown away',
  );
  const store = open(path, { ifUnusable: 'replace' });
  assert.is(await store.checkpoint('x.v1'), 0n);
  await store.close();
});

test('a damaged file is refused, or replaced when told to', async ({ path }) => {
  await filled(path);
  truncateSync(path, 40_000);
  assert.is(
    refusal(() => open(path)),
    'damaged',
  );
  const store = open(path, { ifUnusable: 'replace' });
  await store.define([{ name: 'x.v1/x', indexes: ['name'] }]);
  assert.is((await store.find('x.v1/x')).total, 0);
  await store.close();
});

test('a folder that is missing or a file that may not be read is said so', async ({ folder, path }) => {
  assert.is(
    refusal(() => open(join(folder, 'no', 'read.db'))),
    'unreadable',
  );
  assert.is(
    refusal(() => open(folder)),
    'unreadable',
  );
  await filled(path);
  chmodSync(path, 0o000);
  // Root may read everything.
  assert.is(process.getuid?.() === 0 ? 'unreadable' : refusal(() => open(path)), 'unreadable');
});

test('a second process is told that the store is in use', async ({ path }) => {
  const store = open(path);
  const child = `import(${JSON.stringify(import.meta.resolve('./index.js'))}).then(({ sqliteReadStore }) => {
    try { sqliteReadStore({ path: ${JSON.stringify(path)}, clock: Date }); console.log('opened'); }
    catch (error) { console.log(error.why); }
  })`;
  const run = () =>
    spawnSync(process.execPath, ['-e', child], { encoding: 'utf8', timeout: 20_000 }).stdout.trim();
  assert.is(run(), 'locked');
  await store.close();
  assert.is(run(), 'opened');
});

/** Writes without end in a process of its own, and is killed in the middle; leaves a log beside the file. */
function killedWriter(path: string): void {
  const child = `import(${JSON.stringify(import.meta.resolve('./index.js'))}).then(async ({ sqliteReadStore }) => {
    const store = sqliteReadStore({ path: ${JSON.stringify(path)}, clock: { now: Date.now } });
    await store.define([{ name: 'x.v1/x', indexes: ['name'] }]);
    const { epoch } = await store.acquireLease('x.v1', 'child', 60000);
    for (let n = 0n; ; n += 1n) {
      const docs = Array.from({ length: 50 }, (_, k) => ({ id: 'd' + k, name: String(n) }));
      const ops = docs.map((doc) => ({ kind: 'put', collection: 'x.v1/x', doc }));
      await store.commit({ projection: 'x.v1', from: n, to: n + 1n, epoch, ops });
      if (n === 200n) process.kill(process.pid, 'SIGKILL');
    }
  })`;
  const { signal } = spawnSync(process.execPath, ['-e', child], { encoding: 'utf8', timeout: 20_000 });
  assert.is(signal, 'SIGKILL');
}

test('after kill -9 checkpoint and documents agree, and the lease is free', async ({ path }) => {
  killedWriter(path);
  const store = open(path, { clock: systemClock });
  assert.is(await store.checkpoint('x.v1'), 201n);
  const { items } = await store.find('x.v1/x');
  assert.equal([...new Set(items.map((doc) => doc.name))], ['200']);
  assert.is((await store.acquireLease('x.v1', 'next', 1_000))?.epoch, 2);
  await store.close();
});

test('a log left beside a deleted file is not replayed into the new one', async ({ path }) => {
  killedWriter(path);
  assert.ok(statSync(`${path}-wal`).size > 0);
  rmSync(path);
  const store = open(path);
  assert.is(await store.checkpoint('x.v1'), 0n);
  await store.close();
  removeSqliteStore(path);
  assert.not.ok(existsSync(path) || existsSync(`${path}-wal`));
});

test('a page of 20 among 10,000 with the total comes from the index', async ({ path }) => {
  const store = open(path);
  await store.define([{ name: 'x.v1/x', indexes: ['workspace_id,name'] }]);
  const doc = (n: number) => ({ id: `d${n}`, workspace_id: 'w', name: `n${n}`, text: 'x'.repeat(500) });
  await store.write(
    Array.from({ length: 10_000 }, (_, n) => ({ kind: 'put', collection: 'x.v1/x', doc: doc(n) })),
  );
  for (const offset of [0, 9_980]) {
    const times: number[] = [];
    for (let n = 0; n < 21; n++) {
      const started = performance.now();
      await store.find('x.v1/x', { where: { workspace_id: 'w' }, orderBy: 'name', offset, limit: 20 });
      times.push(performance.now() - started);
    }
    // Sorting 10,000 documents takes some 20 ms here; the index less than 1.
    const median = times.sort((a, b) => a - b)[10] ?? 0;
    assert.ok(median < 5, `${median} ms at ${offset}`);
  }
  await store.close();
});

test.run();
