// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Timers } from '../../kernel/index.js';
import { manualClock } from '../clock.harness.js';
import { type ReadStore, StoreUnavailable } from '../index.js';
import { openDatabase } from './database.js';
import { sqliteReadStore } from './index.js';
import { writesOf } from './writes.js';

const test = suite<{ folder: string; path: string }>('read store: held writes');
const clock = manualClock();

test.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), 'nxmesh-held-'));
  context.path = join(context.folder, 'read.db');
});
test.after.each(({ folder }) => rmSync(folder, { recursive: true }));

/** Timers that fire when they are told to. */
function manualTimers(): Timers & { fire(): void } {
  const waiting = new Set<() => void>();
  return {
    sleep: async () => {},
    every: () => () => {},
    after: (_ms, task) => {
      waiting.add(task);
      return () => waiting.delete(task);
    },
    fire: () => {
      // A task may set the timer anew.
      const due = [...waiting];
      waiting.clear();
      for (const task of due) {
        task();
      }
    },
  };
}

async function opened(path: string) {
  const timers = manualTimers();
  const store = sqliteReadStore({ path, clock, hold: { timers, ms: 100 } });
  await store.define([{ name: 'x.v1/x', indexes: ['n'] }]);
  const epoch = (await store.acquireLease('x.v1', 'me', 1_000))?.epoch ?? 0;
  let at = await store.checkpoint('x.v1');
  const commit = async (n: number): Promise<void> => {
    const ops = [{ kind: 'put', collection: 'x.v1/x', doc: { id: `d${n}`, n } } as const];
    const result = await store.commit({ projection: 'x.v1', from: at, to: at + 1n, ops, epoch });
    assert.ok(result.ok, JSON.stringify(result));
    at += 1n;
  };
  return { store, timers, commit };
}

/** Held writes of a table, and what they said was undone. */
function table(path: string) {
  const timers = manualTimers();
  const db = openDatabase(path, false);
  db.exec('CREATE TABLE t (text TEXT)');
  const undone: boolean[] = [];
  const writes = writesOf(db, (lost) => undone.push(lost), { timers, ms: 100 });
  const count = (): unknown => db.get('SELECT count(*) AS n FROM t')?.n;
  const insert = (bytes: number) => writes.held(() => db.run('INSERT INTO t VALUES (?)', 'x'.repeat(bytes)));
  return { db, timers, undone, writes, count, insert };
}

/** What another process would find after a crash at this moment: documents and checkpoint. */
async function afterCrash(path: string): Promise<[documents: number, checkpoint: bigint]> {
  const copy = mkdtempSync(join(tmpdir(), 'nxmesh-crash-'));
  for (const suffix of ['', '-wal']) {
    cpSync(path + suffix, join(copy, `read.db${suffix}`));
  }
  const store: ReadStore = sqliteReadStore({ path: join(copy, 'read.db'), clock });
  const found = [(await store.find('x.v1/x')).total, await store.checkpoint('x.v1')] as const;
  await store.close();
  rmSync(copy, { recursive: true });
  return [...found];
}

test('a commit is seen at once and in the file a moment later, documents and checkpoint together', async ({
  path,
}) => {
  const { store, timers, commit } = await opened(path);
  await commit(1);
  await commit(2);
  assert.is((await store.find('x.v1/x', { where: { n: 2 } })).total, 1);
  assert.is(await store.checkpoint('x.v1'), 2n);
  assert.equal(await afterCrash(path), [0, 0n]);
  timers.fire();
  assert.equal(await afterCrash(path), [2, 2n]);
  await commit(3);
  await store.close();
  assert.equal(await afterCrashOfClosed(path), [3, 3n]);
});

const afterCrashOfClosed = async (path: string): Promise<[number, bigint]> => {
  const store = sqliteReadStore({ path, clock });
  const found: [number, bigint] = [(await store.find('x.v1/x')).total, await store.checkpoint('x.v1')];
  await store.close();
  return found;
};

test('what is written outside projections takes what is held with it', async ({ path }) => {
  const { store, commit } = await opened(path);
  await commit(1);
  await store.write([{ kind: 'put', collection: 'x.v1/x', doc: { id: 'other', n: 9 } }]);
  assert.equal(await afterCrash(path), [2, 1n]);
  await store.close();
});

test('so much is not held for long', async ({ path }) => {
  const { store, commit } = await opened(path);
  for (let n = 0; n < 256; n++) {
    await commit(n);
  }
  assert.equal(await afterCrash(path), [256, 256n]);
  await store.close();
});

test('a task that fails takes nothing with it that others have held', async ({ path }) => {
  const { store, timers, commit } = await opened(path);
  await commit(1);
  const ops = [{ kind: 'put', collection: 'x.v1/none', doc: { id: 'd' } } as const];
  const failed = await store.write(ops).catch((error: unknown) => error);
  assert.instance(failed, Error);
  timers.fire();
  assert.equal(await afterCrash(path), [1, 1n]);
  await store.close();
});

test('a task that finds no room takes nothing with it, and nothing more is held until there is some', async ({
  path,
}) => {
  const { db, timers, undone, writes, count, insert } = table(path);
  await insert(10);
  db.exec('PRAGMA max_page_count = 1');
  const full = await insert(100_000).catch((error: unknown) => error);
  assert.instance(full, StoreUnavailable);
  assert.equal(undone, [false]);
  db.exec('PRAGMA max_page_count = 100000');
  assert.equal([db.inTransaction(), count()], [true, 1]);
  await insert(10);
  assert.equal([db.inTransaction(), count()], [false, 2]);
  await insert(10);
  assert.ok(db.inTransaction());
  timers.fire();
  assert.equal([db.inTransaction(), count()], [false, 3]);
  assert.is(await writes.held(() => 'told'), 'told');
  db.close(true);
});

test('what cannot be done again is said to be lost', async ({ path }) => {
  const { db, undone, writes, count, insert } = table(path);
  let times = 0;
  await insert(10);
  await writes.held(() => {
    times += 1;
    assert.is(times, 1);
  });
  db.exec('PRAGMA max_page_count = 1');
  assert.instance(await insert(100_000).catch((error: unknown) => error), StoreUnavailable);
  assert.equal(undone, [false, true]);
  assert.equal([times, db.inTransaction(), count()], [2, false, 0]);
  db.close(true);
});

test('a task that fails when nothing is held leaves no transaction open', async ({ path }) => {
  const { db, writes } = table(path);
  const fails = (): never => {
    throw new Error('no');
  };
  assert.is((await writes.held(fails).catch((error: Error) => error)).message, 'no');
  assert.not.ok(db.inTransaction());
  assert.throws(() => writes.now(fails), 'no');
  assert.not.ok(db.inTransaction());
  db.close(true);
});

/** Mounts a small file system; false where this process may not. */
function mounted(folder: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

test('on a full disk everybody sees what he was told of, and it is in the file when there is room', async ({
  folder,
  path,
}) => {
  if (!mounted(folder)) {
    console.log('  skipped: a small file system cannot be mounted here');
    return;
  }
  try {
    const { store, timers, commit } = await opened(path);
    await commit(1);
    timers.fire();
    const filler = join(folder, 'filler');
    assert.throws(() => writeFileSync(filler, Buffer.alloc(2 * 1024 * 1024)), /ENOSPC/);
    // What was written before leaves some room behind it, which is used up first.
    let told = 1;
    const refused = async (): Promise<unknown> => {
      for (;;) {
        try {
          await commit(told + 1);
        } catch (error) {
          return error;
        }
        told += 1;
        timers.fire();
      }
    };
    assert.instance(await refused(), StoreUnavailable);
    const seen = async () => [(await store.find('x.v1/x')).total, await store.checkpoint('x.v1')];
    assert.equal(await seen(), [told, BigInt(told)]);
    timers.fire();
    assert.equal(await seen(), [told, BigInt(told)]);
    rmSync(filler);
    timers.fire();
    assert.equal(await afterCrash(path), [told, BigInt(told)]);
    await commit(told + 1);
    assert.ok(await store.acquireLease('x.v1', 'me', 1_000));
    await store.close();
  } finally {
    execFileSync('umount', ['-l', folder]);
  }
});

test.run();
