// SPDX-License-Identifier: Apache-2.0
import { readlinkSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { until } from '../../test/harness/until.js';
import {
  freePort,
  get,
  listenOn,
  openBench,
  probe,
  removeFolder,
  site,
  tempFolder,
  updateOf,
} from '../nginx.harness.js';

const folders: string[] = [];
const folder = (): string => {
  const made = tempFolder();
  folders.push(made);
  return made;
};
test.after(() => {
  for (const made of folders) {
    removeFolder(made);
  }
});

test('the first bundle starts nginx, a change is proven, the same digest does nothing', async () => {
  const port = await freePort();
  const { core, apply, reports } = await openBench(folder());
  const one = updateOf({ 'vhosts/a.conf': site(port, 'one') });
  const first = await apply(one);
  assert.is(first.status, 'SUCCESS', first.message);
  assert.equal(Object.keys(first.stageMs), [
    'staged',
    'tested',
    'linked',
    'signalled',
    'proven',
    'committed',
  ]);
  assert.is(await get(port), 'one');
  const master = core.control.master();

  const second = await apply(updateOf({ 'vhosts/a.conf': site(port, 'two') }));
  assert.is(second.status, 'SUCCESS', second.message);
  assert.is(await get(port), 'two');
  assert.is(core.control.master(), master, 'the same master goes on');
  console.log(second.stageMs);

  const workers = core.control.workers(master ?? 0);
  const again = await apply(updateOf({ 'vhosts/a.conf': site(port, 'two') }));
  assert.is(again.status, 'SUCCESS');
  assert.equal(core.control.workers(master ?? 0), workers, 'no worker was replaced');
  assert.equal(
    reports.slice(0, 4).map(({ status }) => status),
    ['PENDING', 'VALIDATING', 'APPLYING', 'SUCCESS'],
  );
  core.close();
});

test('the same digest does nothing only where it is linked, good and served', async () => {
  const port = await freePort();
  const { core, apply } = await openBench(folder(), { quietMs: 100 });
  const [one, two] = ['one', 'two'].map((text) => updateOf({ 'vhosts/a.conf': site(port, text) }));
  assert.ok(one && two);
  for (const update of [one, two]) {
    assert.is((await apply(update)).status, 'SUCCESS');
  }
  core.store.link(one.digest);
  assert.is((await apply(two)).status, 'SUCCESS');
  assert.is(core.store.current(), two.digest, 'another one was linked');

  core.store.link(one.digest);
  core.control.reload(core.control.master() ?? 0);
  await until('the other one is served', async () => (await get(port)) === 'one');
  const unproven = await apply(one);
  assert.ok(unproven.stageMs['proven'] !== undefined, 'one answer is no proof');

  assert.ok(await core.control.stop(false, 5_000));
  assert.is((await apply(one)).status, 'SUCCESS');
  assert.is(await get(port), 'one', 'nginx had ended');
  core.close();
});

test('what was not proven in time is taken back by another reload, whatever the old workers still answer', async () => {
  const port = await freePort();
  const at = folder();
  const before = await openBench(at, { quietMs: 100 });
  assert.is((await before.apply(updateOf({ 'vhosts/a.conf': site(port, 'good') }))).status, 'SUCCESS');
  before.core.close();
  const { core, apply } = await openBench(at, { quietMs: 100, reloadTimeoutMs: 1 });
  const outcome = await apply(updateOf({ 'vhosts/a.conf': site(port, 'late') }));
  assert.equal([outcome.status, outcome.reason], ['ROLLED_BACK', 'RELOAD_TIMEOUT']);
  assert.match(outcome.message, 'not proven to be back', 'neither was the way back, in so short a time');
  await until('the last good one is served', async () => (await get(port)) === 'good');
  core.close();
});

test('a port that is taken: rolled back with the reason, traffic unbroken', async () => {
  const port = await freePort();
  const { core, apply } = await openBench(folder());
  const good = updateOf({ 'vhosts/a.conf': site(port, 'good') });
  assert.is((await apply(good)).status, 'SUCCESS');
  const other = await listenOn(0);
  const taken = (other.address() as { port: number }).port;
  const prober = probe(port);
  const outcome = await apply(
    updateOf({ 'vhosts/a.conf': site(port, 'bad'), 'vhosts/b.conf': site(taken, 'bad') }),
  );
  await prober.stop();
  other.close();
  assert.is(outcome.status, 'ROLLED_BACK');
  assert.is(outcome.reason, 'PORT_IN_USE');
  assert.is(outcome.stage, 'signalled');
  assert.match(outcome.nginxOutput, `127.0.0.1:${taken}`);
  assert.equal(prober.failures, []);
  assert.equal([...prober.answers.keys()], ['good']);
  assert.ok((prober.answers.get('good') ?? 0) > 50);
  assert.match(readlinkSync(core.layout.current), good.digest);
  core.close();
});

test.run();
