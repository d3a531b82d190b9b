// SPDX-License-Identifier: Apache-2.0
/**
 * @slow 300
 * The writing process is killed at random points under load, 200 times. Every event that it acknowledged is there once.
 */
import { existsSync, rmSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Acknowledged, acknowledged, appender } from './child.harness.js';
import { newLogPath } from './folder.harness.js';
import { sqliteLog, verifyLog } from './index.js';
import { assertStored } from './stored.harness.js';

const LANES = 2;
const KILLS = 100;
/** A new log after so many kills, so that checking everything each time stays cheap. */
const KILLS_A_LOG = 20;

async function kill(path: string, all: Acknowledged[], seed: number): Promise<void> {
  const child = appender(path, [1, 8, 40][seed % 3] ?? 1, 0);
  // Some before anything is stored, most in the middle of it.
  await child.line(seed % 10 === 0 ? 'ready' : 'workspace-');
  await delay((seed * 7) % 40);
  child.process.kill('SIGKILL');
  await child.ended;
  all.push(...acknowledged(child));
  assertStored(path, all);
}

test('kill -9 of the writer, 200 times', async () => {
  let killed = 0;
  let checked = 0;
  const lane = async (number: number): Promise<void> => {
    let path = newLogPath();
    let all: Acknowledged[] = [];
    for (let round = 1; round <= KILLS; round += 1) {
      await kill(path, all, round * LANES + number);
      killed += 1;
      if (round % KILLS_A_LOG === 0) {
        const result = await verifyLog(path);
        assert.ok(result.ok, JSON.stringify(result));
        assert.ok(result.count >= all.length);
        await (await sqliteLog(path)).close();
        checked += all.length;
        path = newLogPath();
        all = [];
      }
    }
  };
  await Promise.all(Array.from({ length: LANES }, (_, number) => lane(number)));
  assert.is(killed, 200);
  assert.ok(checked > 2000, `only ${checked} events were acknowledged`);
});

test('a process killed while it makes the log leaves none or a whole one', async () => {
  for (let round = 0; round < 12; round += 1) {
    const path = newLogPath();
    const child = appender(path, 1, 0);
    const head = path.replace(/\.db$/, '.head');
    while (!existsSync(head) && child.process.exitCode === null) {
      await delay(1);
    }
    await delay(round % 4);
    child.process.kill('SIGKILL');
    await child.ended;
    await (await sqliteLog(path)).close();
    assertStored(path, acknowledged(child));
    rmSync(path);
  }
});

test.run();
