// SPDX-License-Identifier: Apache-2.0
/** A log that cannot be opened says by name why, and is left as it is. */
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { failure, newStream, upstreamsCreated } from '../contract/subject.harness.js';
import { eventLog } from '../index.js';
import { appender, testIf } from './child.harness.js';
import { openDatabase } from './database.js';
import { newFolder, newLogPath } from './folder.harness.js';
import { LogNotOpened, type NotOpenedReason, sqliteLog, verifyLog } from './index.js';

async function makeLog(path = newLogPath(), count = 3): Promise<string> {
  const log = eventLog(await sqliteLog(path));
  await log.append(newStream(), 'none', upstreamsCreated(count));
  await log.close();
  return path;
}

const headOf = (path: string): string => path.replace(/\.db$/, '.head');

async function assertRefused(path: string, reason: NotOpenedReason): Promise<void> {
  const before = contents(dirname(path));
  const error = await failure(sqliteLog(path));
  assert.instance(error, LogNotOpened);
  assert.is((error as LogNotOpened).reason, reason, (error as Error).message);
  assert.equal(contents(dirname(path)), before, 'files were changed');
}

/** Names and contents of the log's files, without the lock and SQLite's shared memory. */
function contents(folder: string): [string, string][] {
  return existsSync(folder)
    ? readdirSync(folder)
        .filter((name) => !/lock|-shm$/.test(name) && statSync(join(folder, name)).isFile())
        .sort()
        .map((name): [string, string] => [name, readFileSync(join(folder, name), 'base64')])
        .filter(([name, content]) => content !== '' || !name.endsWith('-wal'))
    : [];
}

test('no folder', async () => {
  await assertRefused(join(newFolder(), 'missing', 'events.db'), 'NO_FOLDER');
});

test('not a database', async () => {
  const path = newLogPath();
  writeFileSync(path, 'not a database '.repeat(1000));
  await assertRefused(path, 'NOT_A_DATABASE');
  const folder = newLogPath();
  mkdirSync(folder);
  await assertRefused(folder, 'NOT_A_DATABASE');
});

test('a database of another program', async () => {
  const path = newLogPath();
  const db = openDatabase(path, 'read-write');
  db.exec('CREATE TABLE users (id)');
  db.close();
  await assertRefused(path, 'NOT_A_DATABASE');
});

test('a newer schema', async () => {
  const path = await makeLog();
  const db = openDatabase(path, 'read-write');
  db.exec('PRAGMA user_version = 2');
  db.close();
  await assertRefused(path, 'NEWER_SCHEMA');
});

test('a second process, also one that is stopped, and after it was killed none', async () => {
  const path = newLogPath();
  const child = appender(path, 1, 0);
  await child.line('workspace-');
  assert.is(((await failure(sqliteLog(path))) as LogNotOpened).reason, 'IN_USE');
  child.process.kill('SIGSTOP');
  assert.is(((await failure(sqliteLog(path))) as LogNotOpened).reason, 'IN_USE');
  const inUse = await verifyLog(path);
  assert.ok(inUse.ok && inUse.inUse, JSON.stringify(inUse));
  child.process.kill('SIGKILL');
  await child.ended;
  await (await sqliteLog(path)).close();
});

test('a second log in the same process', async () => {
  const path = newLogPath();
  const log = await sqliteLog(path);
  assert.is(((await failure(sqliteLog(path))) as LogNotOpened).reason, 'IN_USE');
  assert.is(
    ((await failure(sqliteLog(path))) as LogNotOpened).reason,
    'IN_USE',
    'a failed try frees nothing',
  );
  const child = appender(path, 1, 1);
  await child.line('not opened IN_USE');
  await child.ended;
  await log.close();
  await (await sqliteLog(path)).close();
});

test('the file is gone or empty, its head is remembered', async () => {
  const path = await makeLog();
  rmSync(path);
  await assertRefused(path, 'MISSING');
  assert.not(existsSync(path), 'a new log was made');
  writeFileSync(path, '');
  await assertRefused(path, 'MISSING');
});

test('the remembered head is gone or unreadable', async () => {
  const path = await makeLog();
  const head = readFileSync(headOf(path));
  rmSync(headOf(path));
  await assertRefused(path, 'HEAD_MISSING');
  writeFileSync(headOf(path), head.fill(0));
  await assertRefused(path, 'DAMAGED');
  const log = await sqliteLog(path, { acceptHead: true });
  assert.is(await log.head(), 3n);
  await log.close();
  assert.is((await verifyLog(path)).ok, true);
});

test('one torn copy of the remembered head is no obstacle', async () => {
  const path = await makeLog();
  for (const start of [0, 4096]) {
    const bytes = readFileSync(headOf(path));
    bytes.fill(0, start, start + 100);
    writeFileSync(headOf(path), bytes);
    await (await sqliteLog(path)).close();
  }
});

test('an older copy of the file', async () => {
  const path = await makeLog();
  const copy = `${path}.copy`;
  copyFileSync(path, copy);
  await makeLog(path);
  copyFileSync(copy, path);
  await assertRefused(path, 'ROLLED_BACK');
  const result = await verifyLog(path);
  assert.is(result.ok ? undefined : result.damage[0]?.event?.position, 4);
});

test('a log of the same length with another content', async () => {
  const path = await makeLog();
  copyFileSync(await makeLog(), path);
  await assertRefused(path, 'DAMAGED');
});

test('frames lost from the write-ahead log', async () => {
  const path = newLogPath();
  const child = appender(path, 1, 0);
  await child.line('workspace-');
  child.process.kill('SIGKILL');
  await child.ended;
  const wal = `${path}-wal`;
  // But for its first frame: what the last append left may not have been remembered when the process ended.
  assert.ok(statSync(wal).size > 32 + 2 * 4120);
  truncateSync(wal, 32 + 4120);
  await assertRefused(path, 'ROLLED_BACK');
  rmSync(wal);
  await assertRefused(path, 'ROLLED_BACK');
});

test('damage among the newest events', async () => {
  const path = await makeLog();
  const bytes = readFileSync(path);
  bytes.write('X', bytes.lastIndexOf('/health'));
  writeFileSync(path, bytes);
  await assertRefused(path, 'DAMAGED');
});

const rootTest = testIf(test, process.geteuid?.() === 0);
const NOBODY = 65_534;

/** The log belongs to another user, and the opening process runs as that user. */
async function asNobody(change: (path: string) => void): Promise<string> {
  const path = await makeLog();
  for (const name of readdirSync(dirname(path))) {
    chownSync(join(dirname(path), name), NOBODY, NOBODY);
  }
  chownSync(dirname(path), NOBODY, NOBODY);
  change(path);
  const child = appender(path, 1, 1, { uid: NOBODY, gid: NOBODY });
  await child.ended;
  return child.lines().at(-1) ?? '';
}

rootTest('a file of another user', async () => {
  const path = await makeLog();
  chownSync(path, NOBODY, NOBODY);
  await assertRefused(path, 'WRONG_OWNER');
});

rootTest('an unreadable file, a read-only file, a read-only folder', async () => {
  assert.is(await asNobody((path) => chmodSync(path, 0)), 'not opened UNREADABLE');
  assert.is(await asNobody((path) => chmodSync(path, 0o400)), 'not opened READ_ONLY');
  assert.is(await asNobody((path) => chmodSync(dirname(path), 0o500)), 'not opened READ_ONLY');
  assert.is(await asNobody(() => undefined), 'closed');
});

test.run();
