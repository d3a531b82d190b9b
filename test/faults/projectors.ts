// SPDX-License-Identifier: Apache-2.0
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { eventLog, memoryLog } from '../../event-log/index.js';
import { systemClock } from '../../kernel/index.js';
import { fixedLog, projectInChild } from '../../projections/crash.harness.js';
import { hashes, rebuilt, startRunner } from '../../projections/runner.harness.js';
import { sqliteReadStore } from '../../read-store/sqlite/index.js';
import { folder } from '../harness/folder.js';
import { until } from '../harness/until.js';
import { audit } from './audit.js';
import type { Experiment, Trial } from './experiment.js';
import { startLoad } from './load.js';
import { planeFor } from './scene.js';
import { startSite } from './traffic.js';

const LANES = 2;

/** A process that projects is killed at random points of the way, over and over. */
async function killedProjector(trial: Trial): Promise<void> {
  const place = folder('faults-x13');
  trial.cleanup(() => place.remove());
  const log = eventLog(memoryLog());
  await fixedLog(log);
  const expected = JSON.stringify(await rebuilt(log));
  const kills = trial.count(100, 1_000);
  let killed = 0;
  let backwards = 0;
  const places = new Set<bigint>();
  const lane = async (number: number): Promise<void> => {
    const path = join(place.path, `${number}.db`);
    const same = async (): Promise<void> => {
      const store = sqliteReadStore({ path, clock: systemClock });
      trial.check('I4', JSON.stringify(await hashes(store)) === expected, 'other than a replay gives');
      await store.close();
      rmSync(path);
      at = 0n;
    };
    let at = 0n;
    while (killed < kills) {
      killed += 1;
      if ((await projectInChild(path, trial.random() * 60)) !== 'started\n') {
        await same();
        continue;
      }
      const store = sqliteReadStore({ path, clock: systemClock });
      const checkpoint = await store.checkpoint('upstreams.v1');
      await store.close();
      backwards += checkpoint < at ? 1 : 0;
      at = checkpoint;
      places.add(checkpoint);
    }
    await projectInChild(path);
    await same();
  };
  await Promise.all(Array.from({ length: LANES }, (_, number) => lane(number)));
  trial.check('I6', backwards === 0, `a checkpoint went back ${backwards} times`);
  trial.measure('kills', killed, '');
  trial.measure('at so many places', places.size, '');
  trial.expect(places.size > 5, 'it was not killed in the middle');
}

/** The process of the projections is killed under load. */
async function killedRole(trial: Trial): Promise<void> {
  const plane = await planeFor(trial);
  const site = await startSite(trial, plane);
  const load = startLoad(plane.api, site.workspace, 6);
  const kills = trial.count(5, 100);
  for (let kill = 0; kill < kills; kill += 1) {
    const before = load.acknowledged.length;
    await until('commands are acknowledged', () => load.acknowledged.length > before + 5, 60_000);
    await new Promise((resolve) => setTimeout(resolve, trial.random() * 60));
    await plane.kill('projections');
    await plane.restart('projections');
  }
  await site.change('after-kills.example');
  const { acknowledged, refused } = await load.end();
  trial.check('I1', refused.length === 0, refused.slice(0, 3).join('; '));
  trial.measure('kills', kills, '');
  await site.settle();
  await site.end(await audit(trial, plane, { acknowledged }));
}

/** Two runners on one file: each read model is written by one of them. */
async function twoRunners(trial: Trial): Promise<void> {
  const place = folder('faults-x15');
  trial.cleanup(() => place.remove());
  const log = eventLog(memoryLog());
  await fixedLog(log);
  const expected = JSON.stringify(await rebuilt(log));
  for (let round = 0; round < trial.count(3, 30); round += 1) {
    const path = join(place.path, `${round}.db`);
    const stores = [1, 2].map(() => sqliteReadStore({ path, clock: systemClock, shared: true }));
    const runners = stores.map((store) => startRunner(log, store, undefined, { batchSize: 20 + round }));
    const head = await log.head();
    const passed = await Promise.all(runners.map((runner) => runner.passed(head, 60_000)));
    trial.check('I6', passed.every(Boolean), 'not all was projected');
    await Promise.all(runners.map((runner) => runner.stop()));
    for (const store of stores) {
      trial.check('I4', JSON.stringify(await hashes(store)) === expected, 'other than a replay gives');
      await store.close();
    }
  }
}

/** A second process of the projections takes over from one that sleeps, which wakes up and writes nothing. */
async function pausedOwner(trial: Trial): Promise<void> {
  const plane = await planeFor(trial);
  const site = await startSite(trial, plane);
  const other = await plane.parts?.another('projections');
  const load = startLoad(plane.api, site.workspace, 4);
  await until('commands are acknowledged', () => load.acknowledged.length > 10, 30_000);
  plane.signal('projections', 'SIGSTOP');
  const asleep = performance.now();
  const made = await plane.api.ok('POST', `${site.workspace}/upstreams`, {
    name: 'while-asleep',
    servers: [{ address: '10.0.0.1:80' }],
  });
  await until(
    'the other one projects',
    async () => (await plane.api.request('GET', `/v1/upstreams/${made.id}`)).status === 200,
    30_000,
    50,
  );
  trial.measure('taken over after', performance.now() - asleep, 'ms', 10_000);
  await new Promise((resolve) => setTimeout(resolve, trial.count(2_000, 50_000)));
  plane.signal('projections', 'SIGCONT');
  const woken = load.acknowledged.length;
  await until('commands are acknowledged', () => load.acknowledged.length > woken + 20, 30_000);
  await site.change('after-waking.example');
  await other?.end();
  await site.change('after-handing-back.example');
  const { acknowledged, refused } = await load.end();
  trial.check('I1', refused.length === 0, refused.slice(0, 3).join('; '));
  await site.settle();
  await site.end(await audit(trial, plane, { acknowledged }));
}

export const projectors: readonly Experiment[] = [
  {
    id: 'X13',
    title: 'kill -9 of the projector in the middle of a batch',
    bound: 'read models as a replay gives them',
    shapes: { embedded: killedProjector, distributed: killedRole },
  },
  {
    id: 'X15',
    title: 'two projectors at once, one of them paused',
    bound: 'the second writes nothing; taken over ≤ 10 s',
    shapes: { embedded: twoRunners, distributed: pausedOwner },
  },
];
