// SPDX-License-Identifier: Apache-2.0
// @slow 120
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { systemClock, systemTimers } from '../../kernel/index.js';
import type { Core } from '../core.js';
import { runKilled } from '../kill.harness.js';
import {
  freePort,
  get,
  NGINX,
  openBench,
  probe,
  removeFolder,
  site,
  tempFolder,
  updateOf,
} from '../nginx.harness.js';
import { waitUntil } from '../nginx-control/master.js';
import { systemProcesses } from '../nginx-control/processes.js';

const folders: string[] = [];
const folder = (): string => {
  const made = tempFolder();
  folders.push(made);
  return made;
};
const mounts: string[] = [];
/** Ends with the test, also one that fails: else it would start nginx again in a folder that is gone. */
const supervisions: (() => void)[] = [];
const supervise = (core: Core): (() => void) => {
  const stop = core.conductor.supervise();
  supervisions.push(stop);
  return stop;
};
test.after.each(() => {
  for (const stop of supervisions.splice(0)) {
    stop();
  }
});
test.after(() => {
  for (const made of folders) {
    if (mounts.includes(made)) {
      removeFolder(join(made, 's'));
      execFileSync('umount', ['-l', made]);
    }
    removeFolder(made);
  }
});
const until = (condition: () => boolean | Promise<boolean>): Promise<boolean> =>
  waitUntil({ clock: systemClock, timers: systemTimers }, 10_000, condition);

/** The program that stands where nginx should: it behaves as the script says, else as nginx. */
function wrapped(at: string, script: string): string {
  const path = join(at, 'nginx-wrapped');
  writeFileSync(path, `#!/bin/sh\n${script}\nexec ${NGINX} "$@"\n`);
  chmodSync(path, 0o755);
  return path;
}

test('a test that hangs is killed at its limit, with what it started', async () => {
  const at = folder();
  const port = await freePort();
  const nginx = wrapped(at, `[ -e ${at}/hang ] && [ "$1" = -t ] && { sleep 3601 & sleep 3601; }`);
  const { core, apply } = await openBench(join(at, 's'), { nginx, validationTimeoutMs: 500 });
  assert.is((await apply(updateOf({ 'a.conf': site(port, 'good') }))).status, 'SUCCESS');
  writeFileSync(join(at, 'hang'), '');
  const started = performance.now();
  const outcome = await apply(updateOf({ 'a.conf': site(port, 'new') }));
  assert.equal([outcome.status, outcome.reason, outcome.stage], ['FAILED', 'VALIDATION_TIMEOUT', 'staged']);
  assert.ok(performance.now() - started < 1500);
  assert.is(await get(port), 'good');
  assert.throws(() => execFileSync('pgrep', ['-f', 'sleep 3601']), 'nothing stays behind');
  core.close();
});

test('a full disk: nothing half-written is linked, and it goes on once there is room', async () => {
  const at = folder();
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m,mode=711', 'tmpfs', at], { stdio: 'ignore' });
  } catch {
    console.log('SKIPPED: mounting a small file system is not permitted here');
    return;
  }
  mounts.push(at);
  const port = await freePort();
  const { core, apply } = await openBench(join(at, 's'), { quietMs: 100 });
  assert.is((await apply(updateOf({ 'a.conf': site(port, 'good') }))).status, 'SUCCESS');
  const good = core.store.current();
  const prober = probe(port);

  const large = updateOf({ 'a.conf': site(port, 'large'), 'b.conf': `# ${'x'.repeat(2_000_000)}\n` });
  const tooLarge = await apply(large);
  assert.equal([tooLarge.status, tooLarge.reason], ['FAILED', 'DISK_FULL'], tooLarge.message);
  assert.is(core.store.current(), good);

  // Every byte but a few, then each of many small updates: wherever it breaks off, what is served is whole.
  execFileSync('sh', ['-c', `dd if=/dev/zero of=${at}/fill bs=4k count=1000 2>/dev/null; true`]);
  const outcome = await apply(updateOf({ 'a.conf': site(port, 'no room') }));
  assert.equal([outcome.status, outcome.reason], ['FAILED', 'DISK_FULL'], outcome.message);
  for (let pages = 1; pages <= 12; pages += 1) {
    execFileSync('sh', [
      '-c',
      `rm ${at}/fill; dd if=/dev/zero of=${at}/fill bs=4k count=1000 2>/dev/null; truncate -s -${pages * 4096} ${at}/fill`,
    ]);
    const tight = await apply(updateOf({ 'a.conf': site(port, `tight ${pages}`) }));
    assert.is(core.store.current(), core.store.lastGood());
    assert.is(
      await get(port),
      tight.status === 'SUCCESS' ? `tight ${pages}` : 'good',
      `${pages} ${tight.message}`,
    );
    if (tight.status === 'SUCCESS') {
      break;
    }
    assert.is(tight.reason, 'DISK_FULL', tight.message);
  }
  execFileSync('rm', [join(at, 'fill')]);
  assert.is((await apply(updateOf({ 'a.conf': site(port, 'room') }))).status, 'SUCCESS');
  assert.is(await get(port), 'room');
  await prober.stop();
  assert.equal(prober.failures, []);
  core.close();
});

test('an ordinary user needs no root', async () => {
  if (process.getuid?.() !== 0) {
    console.log('SKIPPED: this already runs as an ordinary user');
    return;
  }
  const at = folder();
  chownSync(at, 65_534, 65_534);
  const port = await freePort();
  const ended = await runKilled(join(at, 's'), { 'a.conf': site(port, 'nobody') }, '', {
    uid: 65_534,
    gid: 65_534,
  });
  assert.match(ended.output, 'done SUCCESS');
  assert.is(await get(port), 'nobody');
  const owners = systemProcesses.list().filter((one) => one.folder === join(at, 's'));
  assert.ok(owners.length > 1);
  for (const { pid } of owners) {
    assert.match(readFileSync(`/proc/${pid}/status`, 'utf8'), /^Uid:\s65534\s/m);
  }
});

test('a folder that cannot be written', async () => {
  const at = folder();
  const port = await freePort();
  const { core, apply } = await openBench(join(at, 's'), { quietMs: 100 });
  assert.is((await apply(updateOf({ 'a.conf': site(port, 'good') }))).status, 'SUCCESS');
  // Root writes everywhere but where the file system itself says no.
  const closeFolder = process.getuid?.() === 0 ? ['chattr', '+i'] : ['chmod', '500'];
  const openFolder = process.getuid?.() === 0 ? ['chattr', '-i'] : ['chmod', '700'];
  for (const name of [core.layout.files, core.layout.bundles]) {
    execFileSync(closeFolder[0] ?? '', [closeFolder[1] ?? '', name]);
    const outcome = await apply(updateOf({ 'a.conf': site(port, `new ${name}`) }));
    execFileSync(openFolder[0] ?? '', [openFolder[1] ?? '', name]);
    assert.equal([outcome.status, outcome.reason], ['FAILED', 'PERMISSION'], outcome.message);
    assert.is(await get(port), 'good');
  }
  assert.is((await apply(updateOf({ 'a.conf': site(port, 'new') }))).status, 'SUCCESS');
  core.close();
});

test('workers that die at their start: rolled back', async () => {
  const at = folder();
  const port = await freePort();
  const { core, apply } = await openBench(join(at, 's'), { quietMs: 100 });
  const good = updateOf({ 'a.conf': site(port, 'good') });
  assert.is((await apply(good)).status, 'SUCCESS');
  const old = core.control.workers(core.control.master() ?? 0);
  // The crash itself is made by hand, as soon as the new workers are there.
  const crash = (async () => {
    await until(() => {
      const fresh = [...core.control.workers(core.control.master() ?? 0)].filter((pid) => !old.has(pid));
      for (const pid of fresh) {
        systemProcesses.signal(pid, 'SIGSEGV');
      }
      return fresh.length > 0;
    });
  })();
  const outcome = await apply(updateOf({ 'a.conf': site(port, 'crash') }));
  await crash;
  assert.equal([outcome.status, outcome.reason], ['ROLLED_BACK', 'WORKER_CRASH'], outcome.message);
  assert.is(await get(port), 'good');
  core.close();
});

test('a master that was killed: its orphans end, nginx comes back by itself', async () => {
  const at = folder();
  const port = await freePort();
  const { core, apply } = await openBench(join(at, 's'), { quietMs: 100 });
  assert.is((await apply(updateOf({ 'a.conf': site(port, 'good') }))).status, 'SUCCESS');
  const master = core.control.master() ?? 0;
  const orphans = core.control.workers(master);
  const stop = supervise(core);
  systemProcesses.signal(master, 'SIGKILL');
  assert.ok(await until(() => core.control.master() === undefined));
  assert.is(await get(port), 'good', 'the orphans go on serving');
  assert.ok(await until(() => core.control.master() !== undefined));
  await core.conductor.idle();
  stop();
  assert.is(await get(port), 'good');
  assert.ok(await until(() => [...orphans].every((pid) => systemProcesses.find(pid) === undefined)));
  assert.is((await apply(updateOf({ 'a.conf': site(port, 'next') }))).status, 'SUCCESS');
  core.close();
});

test('somebody links another bundle and reloads: it is changed back', async () => {
  const at = folder();
  const port = await freePort();
  const { core, apply } = await openBench(join(at, 's'), { quietMs: 100 });
  const one = updateOf({ 'a.conf': site(port, 'one') });
  const two = updateOf({ 'a.conf': site(port, 'two') });
  await apply(one);
  await apply(two);
  core.store.link(one.digest);
  core.control.reload(core.control.master() ?? 0);
  assert.ok(await until(async () => (await get(port)) === 'one'));
  const stop = supervise(core);
  assert.ok(await until(() => core.store.current() === two.digest));
  await core.conductor.idle();
  stop();
  assert.is(await get(port), 'two');
  core.close();
});

test('the newest waiting update replaces the one before it', async () => {
  const at = folder();
  const port = await freePort();
  const { core, reports } = await openBench(join(at, 's'), { quietMs: 100 });
  const all = ['a', 'b', 'c', 'd'].map((text) => updateOf({ 'a.conf': site(port, text) }));
  for (const update of all) {
    core.conductor.submit(update);
    // The first has begun when the second comes.
    await systemTimers.sleep(0);
  }
  await core.conductor.idle();
  const finals = reports.filter((report) => 'outcome' in report).map(({ digest }) => digest);
  assert.equal(finals, [all[0]?.digest, all[3]?.digest]);
  assert.is(await get(port), 'd');
  core.close();
});

test('commands: reload proves new workers, stop stays stopped, restart brings it back', async () => {
  const at = folder();
  const port = await freePort();
  const { core, apply } = await openBench(join(at, 's'), { quietMs: 100 });
  await apply(updateOf({ 'a.conf': site(port, 'good') }));
  const { conductor, control } = core;
  const before = control.workers(control.master() ?? 0);
  assert.ok((await conductor.reload()).success);
  assert.ok(await until(() => [...before].every((pid) => systemProcesses.find(pid) === undefined)));
  assert.ok((await conductor.stop(true, 5000)).success);
  assert.is(control.master(), undefined);
  const outcome = await apply(updateOf({ 'a.conf': site(port, 'next') }));
  assert.equal([outcome.status, outcome.reason], ['FAILED', 'HEALTH_GATE']);
  const stopSupervising = supervise(core);
  // That nothing happens has no sign: it looks every second.
  await systemTimers.sleep(1500);
  stopSupervising();
  assert.is(control.master(), undefined, 'nobody starts what was stopped by command');
  assert.ok((await conductor.restart(false)).success);
  assert.is(await get(port), 'good');
  assert.match((await conductor.status()).message, '"running":true');
  core.close();
});

test.run();
