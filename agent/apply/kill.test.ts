// SPDX-License-Identifier: Apache-2.0
// @slow 180
import { test } from 'uvu';
import * as assert from 'uvu/assert';
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

const FORWARD = [
  'staging',
  'file-placed',
  'bundle-written',
  'bundle-placed',
  'staged',
  'testing',
  'tested',
  'linking',
  'linked',
  'signalling',
  'signalled',
  'proven',
  'committing',
  'committed',
  'finished',
];
const BACKWARD = ['linked', 'signalling', 'signalled', 'rolling-back', 'relinked', 'finished'];
const BACK_IN_MS = 5000;

/** Passes `nginx -t`, and the running master refuses it at once: a zone's key cannot change. */
const zone = (key: string): string => `limit_req_zone $${key} zone=z:1m rate=100r/s;\n`;

async function killAndReturn(stateDir: string, port: number, files: Record<string, string>, point: string) {
  const before = await get(port);
  const prober = probe(port);
  const ended = await runKilled(stateDir, files, point);
  assert.is(ended.signal, 'SIGKILL', `${point} was not passed: ${ended.output}`);

  const started = performance.now();
  const { core, apply } = await openBench(stateDir, { quietMs: 100 });
  assert.ok(await core.conductor.recover(), `${point}: recovers`);
  assert.ok(performance.now() - started < BACK_IN_MS, `${point}: in time`);
  const after = await get(port);
  assert.is(core.store.current(), core.store.lastGood(), `${point}: what is linked is proven`);
  const proof = JSON.parse((await core.conductor.status()).message) as { proven_digest: string };
  assert.is(proof.proven_digest, core.store.lastGood(), `${point}: what is proven is linked`);

  const outcome = await apply(updateOf(files));
  await prober.stop();
  core.close();
  assert.equal(prober.failures, [], `${point}: no request fails`);
  return { before, after, final: await get(port), outcome, seen: [...prober.answers.keys()] };
}

test('killed at each step of an apply: the old or the new is served, and the new comes', async () => {
  const stateDir = tempFolder();
  try {
    const port = await freePort();
    const { core, apply } = await openBench(stateDir, { quietMs: 100 });
    assert.is((await apply(updateOf({ 'a.conf': site(port, 'start') }))).status, 'SUCCESS');
    core.close();
    for (const point of FORWARD) {
      const run = await killAndReturn(stateDir, port, { 'a.conf': site(port, point) }, point);
      assert.ok([run.before, point].includes(run.after), `${point}: serves ${run.after}`);
      assert.ok(
        run.seen.every((text) => [run.before, point].includes(text)),
        `${point}: saw ${run.seen.join()}`,
      );
      assert.is(run.outcome.status, 'SUCCESS', `${point}: ${run.outcome.message}`);
      assert.is(run.final, point);
    }
  } finally {
    removeFolder(stateDir);
  }
});

test('killed at each step on the way back: the last good stays', async () => {
  const stateDir = tempFolder();
  try {
    const port = await freePort();
    const { core, apply } = await openBench(stateDir, { quietMs: 100 });
    const good = { 'a.conf': site(port, 'good'), 'zone.conf': zone('remote_addr') };
    assert.is((await apply(updateOf(good))).status, 'SUCCESS');
    core.close();
    for (const point of BACKWARD) {
      const bad = { 'a.conf': site(port, `bad ${point}`), 'zone.conf': zone('uri') };
      const run = await killAndReturn(stateDir, port, bad, point);
      assert.equal([run.after, run.final, ...run.seen], ['good', 'good', 'good'], point);
      assert.is(run.outcome.status, 'ROLLED_BACK', point);
    }
  } finally {
    removeFolder(stateDir);
  }
});

test('killed at the first apply: nothing, or the new', async () => {
  const port = await freePort();
  for (const point of ['staged', 'tested', 'linked', 'signalled', 'committing']) {
    const stateDir = tempFolder();
    try {
      const files = { 'a.conf': site(port, point) };
      assert.is((await runKilled(stateDir, files, point)).signal, 'SIGKILL');
      const { core, apply } = await openBench(stateDir, { quietMs: 100 });
      assert.ok(await core.conductor.recover());
      assert.is((await apply(updateOf(files))).status, 'SUCCESS');
      assert.is(await get(port), point);
      core.close();
    } finally {
      removeFolder(stateDir);
    }
  }
});

test.run();
