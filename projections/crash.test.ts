// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { eventLog, memoryLog } from '../event-log/index.js';
import { systemClock } from '../kernel/index.js';
import { memoryReadStore } from '../read-store/index.js';
import { sqliteReadStore } from '../read-store/sqlite/index.js';
import { fixedLog, projectInChild } from './crash.harness.js';
import { readModels } from './models.js';
import { hashes, startRunner } from './runner.harness.js';

const test = suite('projections: crashes');
const alive = setInterval(() => {}, 1_000);
const folder = mkdtempSync(join(tmpdir(), 'nxmesh-crash-'));
test.after(() => {
  clearInterval(alive);
  rmSync(folder, { recursive: true });
});

const log = eventLog(memoryLog());
let expected: Record<string, string> = {};

test.before(async () => {
  await fixedLog(log);
  const store = memoryReadStore({ clock: systemClock });
  const runner = startRunner(log, store);
  assert.ok(await runner.passed(await log.head(), 90_000));
  await runner.stop();
  expected = await hashes(store);
});

test('killed with -9 again and again in the middle, it ends as if nothing had happened', async () => {
  const path = join(folder, 'killed.db');
  const positions: bigint[] = [];
  // Later and later, until it was hit at several places of the way: how fast it gets on depends on the machine.
  for (let killAfterMs = 5; new Set(positions).size < 5 && positions.length < 40; killAfterMs += 15) {
    if ((await projectInChild(path, killAfterMs)) !== 'started\n') {
      break;
    }
    const store = sqliteReadStore({ path, clock: systemClock });
    positions.push(await store.checkpoint('upstreams.v1'));
    await store.close();
  }
  assert.ok(new Set(positions).size > 2, `killed in the middle: ${positions.join(' ')}`);
  assert.equal(
    positions,
    [...positions].sort((a, b) => (a < b ? -1 : 1)),
  );
  assert.match(await projectInChild(path), /done/);
  const store = sqliteReadStore({ path, clock: systemClock });
  assert.equal(await hashes(store), expected);
  await store.close();
});

test('a deleted read store is made again, the same', async () => {
  const path = join(folder, 'deleted.db');
  for (const remove of [false, true]) {
    if (remove) {
      rmSync(path);
    }
    const store = sqliteReadStore({ path, clock: systemClock });
    const runner = startRunner(log, store);
    assert.ok(await runner.passed(await log.head(), 90_000));
    await runner.stop();
    assert.equal(await hashes(store), expected);
    await store.close();
  }
});

test('two runners on two connections to one file write every event once', async () => {
  const path = join(folder, 'shared.db');
  const stores = [1, 2].map(() => sqliteReadStore({ path, clock: systemClock, shared: true }));
  const runners = stores.map((store) => startRunner(log, store, readModels, { batchSize: 50 }));
  const passed = await Promise.all(runners.map(async (runner) => runner.passed(await log.head(), 90_000)));
  assert.equal(passed, [true, true]);
  const states = await Promise.all(
    runners.map(async (runner) => (await runner.status()).map((one) => one.state)),
  );
  for (const [index, { name }] of readModels.entries()) {
    const pair = new Set([states[0]?.[index], states[1]?.[index]]);
    assert.equal(pair, new Set(['live', 'standby']), name);
  }
  await Promise.all(runners.map((runner) => runner.stop()));
  for (const store of stores) {
    assert.equal(await hashes(store), expected);
    await store.close();
  }
});

test.run();
