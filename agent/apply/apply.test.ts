// SPDX-License-Identifier: Apache-2.0
import { readlinkSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
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
