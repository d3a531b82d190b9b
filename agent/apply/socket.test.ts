// SPDX-License-Identifier: Apache-2.0
/** The socket through which nginx is asked what it serves, removed under it. */
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { until } from '../../test/harness/until.js';
import { runKilled } from '../kill.harness.js';
import {
  freePort,
  get,
  openBench,
  probe,
  removeFolder,
  site,
  tempFolder,
  updateOf,
} from '../nginx.harness.js';
import { systemProcesses } from '../nginx-control/processes.js';

const folders: string[] = [];
test.after(() => {
  for (const made of folders) {
    removeFolder(made);
  }
});

async function served(reloadTimeoutMs = 4000) {
  const at = tempFolder();
  folders.push(at);
  const port = await freePort();
  const bench = await openBench(join(at, 's'), { quietMs: 100, reloadTimeoutMs });
  assert.is((await bench.apply(updateOf({ 'a.conf': site(port, 'good') }))).status, 'SUCCESS');
  return { ...bench, state: join(at, 's'), port };
}

test('the next update has nginx open it anew, and no request fails', async () => {
  const { core, apply, port } = await served();
  const prober = probe(port);
  const { proofSocket, spareSocket } = core.layout;
  const ruins: Readonly<Record<string, () => void>> = {
    removed: () => rmSync(proofSocket),
    replaced: () => {
      rmSync(proofSocket);
      writeFileSync(proofSocket, '');
      writeFileSync(spareSocket, '');
    },
    'with its folder': () => rmSync(core.layout.run, { recursive: true }),
  };
  for (const [name, ruin] of Object.entries(ruins)) {
    ruin();
    const outcome = await apply(updateOf({ 'a.conf': site(port, name) }));
    assert.is(outcome.status, 'SUCCESS', `${name}: ${outcome.message}`);
    assert.ok(existsSync(proofSocket));
    assert.not.ok(existsSync(spareSocket));
    assert.is(core.store.current(), core.store.lastGood());
  }
  await prober.stop();
  assert.equal(prober.failures, []);
  core.close();
});

test('without an update the supervision does, once', async () => {
  const { core, port } = await served();
  rmSync(core.layout.proofSocket);
  const stop = core.conductor.supervise();
  try {
    await until('it is there again', () => existsSync(core.layout.proofSocket));
    await core.conductor.idle();
    assert.match((await core.conductor.status()).message, `"proven_digest":"${core.store.lastGood()}"`);
    assert.is(await get(port), 'good');
  } finally {
    stop();
  }
  core.close();
});

test('killed on the way, the next agent goes on with what is good', async () => {
  const { core, port, state } = await served();
  core.close();
  rmSync(core.layout.proofSocket);
  const files = { 'a.conf': site(port, 'next') };
  assert.is((await runKilled(state, files, 'copy-linked')).signal, 'SIGKILL');
  const again = await openBench(state, { quietMs: 100 });
  assert.ok(await again.core.conductor.recover());
  assert.is(again.core.store.current(), again.core.store.lastGood());
  assert.is((await again.apply(updateOf(files))).status, 'SUCCESS');
  assert.is(await get(port), 'next');
  again.core.close();
});

test('where nginx cannot open it again, the reason says what is missing', async () => {
  const { core, apply, port } = await served(500);
  rmSync(core.layout.proofSocket);
  const master = core.control.master() ?? 0;
  // It takes no signal, and says nothing.
  systemProcesses.signal(master, 'SIGSTOP');
  const outcome = await apply(updateOf({ 'a.conf': site(port, 'new') }));
  systemProcesses.signal(master, 'SIGCONT');
  assert.is(outcome.reason, 'RELOAD_TIMEOUT');
  assert.match(outcome.message, 'run/proof.sock of the state folder is gone');
  core.close();
});

test.run();
