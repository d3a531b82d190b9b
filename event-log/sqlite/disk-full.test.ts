// SPDX-License-Identifier: Apache-2.0
/** A full disk refuses appends, keeps what was stored, and is no lasting harm. */
import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { failure, newStream, readAll, upstreamsCreated } from '../contract/subject.harness.js';
import { type EventLog, eventLog, Unavailable } from '../index.js';
import { testIf } from './child.harness.js';
import { newFolder } from './folder.harness.js';
import { LogNotOpened, sqliteLog, verifyLog } from './index.js';

/** A small file system of its own; undefined where this process may not mount one. */
function smallDisk(): string | undefined {
  const folder = newFolder();
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', folder], { stdio: 'ignore' });
    return folder;
  } catch {
    return undefined;
  }
}

const test = suite('disk full');
const disk = smallDisk();
const diskTest = testIf(test, disk !== undefined);
const folder = disk ?? '';
const path = join(folder, 'events.db');
const filler = join(folder, 'filler');

test.after(() => {
  if (disk !== undefined) {
    execFileSync('umount', ['-l', disk]);
  }
});

/** Takes all room but for `left` bytes. */
function fill(left: number): void {
  const free = execFileSync('df', ['--output=avail', '-B1', folder], { encoding: 'latin1' });
  writeFileSync(filler, Buffer.alloc(Math.max(0, Number(free.split('\n')[1]) - left)));
}

async function appendUntilRefused(
  log: EventLog,
  stream: string,
): Promise<{ stored: number; error: unknown }> {
  let stored = 0;
  for (;;) {
    try {
      await log.append(stream, stored === 0 ? 'none' : BigInt(stored - 1), upstreamsCreated(20));
      stored += 20;
    } catch (error) {
      return { stored, error };
    }
  }
}

diskTest('a log cannot be made on a full disk, and can when there is room', async () => {
  fill(0);
  const error = await failure(sqliteLog(path));
  assert.instance(error, LogNotOpened);
  assert.is((error as LogNotOpened).reason, 'DISK_FULL', (error as Error).message);
  rmSync(filler);
  await (await sqliteLog(path)).close();
});

diskTest('appends are refused, reads go on, and appends resume when there is room', async () => {
  const log = eventLog(await sqliteLog(path));
  fill(1_000_000);
  const stream = newStream();
  const { stored, error } = await appendUntilRefused(log, stream);
  assert.instance(error, Unavailable);
  assert.ok(stored > 0);
  assert.is((await readAll(log, stream)).length, stored);
  assert.instance(await failure(log.append(newStream(), 'none', upstreamsCreated(20))), Unavailable);
  rmSync(filler);
  const { revision } = await log.append(stream, BigInt(stored - 1), upstreamsCreated(20));
  assert.is(revision, BigInt(stored + 19));
  const inUse = await verifyLog(path);
  assert.ok(inUse.ok, JSON.stringify(inUse));
  await log.close();
  const result = await verifyLog(path);
  assert.ok(result.ok, JSON.stringify(result));
  assert.is(result.count, stored + 20);
});

test.run();
