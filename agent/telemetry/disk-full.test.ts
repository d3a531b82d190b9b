// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { existsSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { systemClock, systemRandom, systemTimers } from '../../kernel/index.js';
import { until } from '../../test/harness/until.js';
import {
  freePort,
  get,
  openBench,
  removeFolder,
  silent,
  site,
  tempFolder,
  updateOf,
} from '../nginx.harness.js';
import { fullSettings } from '../settings.js';
import { startTelemetry } from './telemetry.js';

test('a full disk takes the log and never an answer; what is logged once there is room is counted', async () => {
  const at = tempFolder();
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m,mode=711', 'tmpfs', at], { stdio: 'ignore' });
  } catch {
    console.log('SKIPPED: mounting a small file system is not permitted here');
    removeFolder(at);
    return;
  }
  const stateDir = join(at, 's');
  const fill = (): void => {
    execFileSync('sh', ['-c', `dd if=/dev/zero of=${at}/fill bs=4k 2>/dev/null; true`]);
  };
  const { core, apply } = await openBench(stateDir, { quietMs: 100 });
  const warnings: string[] = [];
  const log = { ...silent, warn: (_: object, message: string) => void warnings.push(message) };
  const deps = { clock: systemClock, timers: systemTimers, random: systemRandom, log, core };
  const telemetry = startTelemetry({ ...deps, settings: fullSettings({ gateway: '127.0.0.1:1', stateDir }) });
  const counted = (): number =>
    [...telemetry.minutes().values()].reduce((sum, { counts }) => sum + (counts.requests ?? 0), 0);
  try {
    const port = await freePort();
    assert.is((await apply(updateOf({ 'a.conf': site(port, 'hello') }))).status, 'SUCCESS');
    const ask = async (times: number): Promise<void> => {
      for (let n = 0; n < times; n += 1) {
        assert.is(await get(port), 'hello');
      }
    };
    await ask(100);
    await until('those before are counted', () => counted() === 100);
    fill();
    await ask(200);
    rmSync(join(at, 'fill'));
    await until('there is room', () => existsSync(core.layout.accessLog));
    const before = counted();
    assert.ok(before <= 300);
    // nginx does not try for a second after a disk was full.
    await until('a line is written again', async () => {
      await ask(1);
      return counted() > before;
    });
    const since = counted();
    await ask(50);
    await until('those after are counted', () => counted() >= since + 50);
    assert.ok(statSync(core.layout.accessLog).size < 1024 * 1024);
    await until('it is kept', () => existsSync(core.layout.telemetry));
  } finally {
    await telemetry.stop();
    core.close();
    removeFolder(stateDir);
    execFileSync('umount', ['-l', at]);
    removeFolder(at);
  }
});

test.run();
