// SPDX-License-Identifier: Apache-2.0
/** A flipped bit in any file of the log is found and named: 400 times at rest, 400 after a kill. */
import { cpSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { newStream, upstreamsCreated } from '../contract/subject.harness.js';
import { eventLog } from '../index.js';
import { newFolder } from './folder.harness.js';
import { sqliteLog, type Verification, verifyLog } from './index.js';

const FILES = ['events.db', 'events.db-wal', 'events.head', 'events.sums'];
const FLIPS = 400;

/** The same places in every run. */
function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** A log that was closed, appended to and killed: its newest events stand in the write-ahead log. */
async function makeLogs(): Promise<{ rest: string; killed: string }> {
  const folder = newFolder();
  const path = join(folder, 'live', 'events.db');
  mkdirSync(join(folder, 'live'));
  for (const name of ['rest', 'killed']) {
    const log = eventLog(await sqliteLog(path));
    for (let count = 0; count < 20; count += 1) {
      await log.append(newStream(), 'none', upstreamsCreated(5));
    }
    if (name === 'killed') {
      // What a kill leaves is what stands in the files at that moment.
      cpSync(join(folder, 'live'), join(folder, name), { recursive: true });
    }
    await log.close();
    if (name === 'rest') {
      cpSync(join(folder, 'live'), join(folder, name), { recursive: true });
    }
  }
  return { rest: join(folder, 'rest'), killed: join(folder, 'killed') };
}

const logs = makeLogs();

async function flipped(folder: string, file: string, at: number, bit: number): Promise<Verification> {
  const path = join(folder, file);
  const bytes = readFileSync(path);
  bytes[at] = (bytes[at] ?? 0) ^ (1 << bit);
  writeFileSync(path, bytes);
  const result = await verifyLog(join(folder, 'events.db'));
  assert.ok(readFileSync(path).equals(bytes), 'verifying changed the file');
  bytes[at] = (bytes[at] ?? 0) ^ (1 << bit);
  writeFileSync(path, bytes);
  return result;
}

async function flipMany(folder: string, seed: number): Promise<void> {
  const sound = await verifyLog(join(folder, 'events.db'));
  assert.ok(sound.ok, JSON.stringify(sound));
  const random = generator(seed);
  const files = FILES.filter((name) => existsSync(join(folder, name)));
  const sizes = files.map((name) => statSync(join(folder, name)).size);
  let withEvent = 0;
  for (let count = 0; count < FLIPS; count += 1) {
    let at = random(sizes.reduce((sum, size) => sum + size, 0));
    const index = sizes.findIndex((size) => {
      at -= size;
      return at < 0;
    });
    const file = files[index] ?? '';
    at += sizes[index] ?? 0;
    const result = await flipped(folder, file, at, random(8));
    assert.not(result.ok, `flip ${count} at ${file}:${at} was not seen`);
    assert.ok(!result.ok && result.damage.every(({ what }) => what.length > 0));
    withEvent += !result.ok && result.damage.some(({ event }) => event) ? 1 : 0;
  }
  assert.ok(withEvent > FLIPS / 2, `an event was named only ${withEvent} times`);
  assert.equal(await verifyLog(join(folder, 'events.db')), sound);
}

test('400 flips in a log at rest', async () => {
  await flipMany((await logs).rest, 1);
});

test('400 flips in the log of a process that was killed', async () => {
  const { killed } = await logs;
  assert.ok(statSync(join(killed, 'events.db-wal')).size > 100_000);
  await flipMany(killed, 2);
});

test('names the first damaged event by stream, revision and position', async () => {
  const { rest } = await logs;
  const bytes = readFileSync(join(rest, 'events.db'));
  // In the middle of the file; what stands in unused space belongs to no event.
  const at = bytes.indexOf('"keepalive_connections":16', bytes.length / 2);
  const result = await flipped(rest, 'events.db', at + 5, 0);
  assert.not(result.ok);
  const event = result.ok ? undefined : result.damage[0]?.event;
  assert.match(event?.stream ?? '', /^workspace-/, JSON.stringify(result));
  assert.type(event?.revision, 'number');
  assert.type(event?.position, 'number');
});

test.run();
