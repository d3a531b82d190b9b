// SPDX-License-Identifier: Apache-2.0
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { eventStoreDbLog } from '../../event-log/eventstoredb/index.js';
import { type EventLog, eventLog, type LogAdapter } from '../../event-log/index.js';
import { sqliteLog } from '../../event-log/sqlite/index.js';
import { systemClock, systemTimers, uuidv5 } from '../../kernel/index.js';
import * as make from '../../projections/facts.harness.js';
import { type Projection, reader, readModels } from '../../projections/index.js';
import { hashes, rebuilt, startRunner } from '../../projections/runner.harness.js';
import type { ReadStore } from '../../read-store/index.js';
import { mongoReadStore } from '../../read-store/mongodb/index.js';
import { sqliteReadStore } from '../../read-store/sqlite/index.js';
import { startDouble } from '../eventstoredb/index.js';
import { folder } from '../harness/folder.js';
import { until } from '../harness/until.js';
import { audit } from './audit.js';
import type { Experiment, Trial } from './experiment.js';
import { startLoad } from './load.js';
import { planeFor } from './scene.js';

const CATCH_UP_MS = 90_000;
/** As long as in production: a stand-in may take its time for one commit. */
const LEASE = { leaseTtlMs: 6_000 };

/** A log and a read store of the shape, empty and for this trial alone. */
async function stores(
  trial: Trial,
  name: string,
): Promise<{ adapter: LogAdapter; log: EventLog; store: ReadStore }> {
  const made = trial.shape === 'embedded' ? await onFiles(trial, name) : await onServers(trial, name);
  trial.cleanup(async () => {
    await made.store.close();
    await made.adapter.close();
  });
  return { ...made, log: eventLog(made.adapter) };
}

async function onFiles(trial: Trial, name: string): Promise<{ adapter: LogAdapter; store: ReadStore }> {
  const place = folder(name);
  trial.cleanup(() => place.remove());
  const store = sqliteReadStore({ path: join(place.path, 'read.db'), clock: systemClock });
  return { adapter: await sqliteLog(join(place.path, 'events.db')), store };
}

async function onServers(trial: Trial, name: string): Promise<{ adapter: LogAdapter; store: ReadStore }> {
  const { parts } = await planeFor(trial);
  const node = await startDouble();
  trial.cleanup(() => node.stop());
  const adapter = await eventStoreDbLog({ connectionString: `esdb://127.0.0.1:${node.port}?tls=false` });
  const database = `${name.replaceAll('-', '_')}_${Math.floor(trial.random() * 1e6)}`;
  const store = await mongoReadStore({ url: parts?.mongoUrl ?? '', database, timers: systemTimers });
  return { adapter, store };
}

const upstreams = readModels.find(({ name }) => name === 'upstreams') as Projection;
const others = readModels.filter(({ name }) => name !== 'upstreams');
const THIRTEEN = 13;

/** Does not get by an upstream with 13 connections kept. */
const fragile: Projection = {
  ...upstreams,
  project: (event, load) => {
    if (event.type === 'upstream.updated' && event.data.upstream.keepalive_connections === THIRTEEN) {
      throw new Error('thirteen');
    }
    return upstreams.project(event, load);
  },
};

/** Events that one projection cannot take are put aside in sight; the others go on; mended code takes all. */
async function poison(trial: Trial): Promise<void> {
  const { adapter, log, store } = await stores(trial, 'faults-x14');
  const append = make.factWriter(log);
  const poisons = 3;
  const count = trial.count(300, 3_000);
  await append(make.WORKSPACE, { type: 'upstream.created', data: { upstream: make.upstream('a') } });
  for (let n = 1; n <= count; n += 1) {
    const keepalive_connections = n % (count / poisons) === 0 ? THIRTEEN : (n % 12) + 1;
    const upstream = { ...make.upstream('a'), name: `a${n}`, keepalive_connections };
    await append(make.WORKSPACE, { type: 'upstream.updated', data: { upstream, changed: ['name'] } });
  }
  const runner = startRunner(log, store, [...others, fragile], LEASE);
  trial.check('I8', await runner.passed(await log.head(), CATCH_UP_MS), 'the poison holds others up');
  const status = (await runner.status()).find(({ name }) => name === 'upstreams');
  trial.check('I4', status?.parked === poisons, `${status?.parked} of ${poisons} are put aside`);
  await runner.stop();
  const same = JSON.stringify(await hashes(store, others)) === JSON.stringify(await rebuilt(log, others));
  trial.check('I8', same, 'the other read models are not as a replay gives them');

  const mended = { ...upstreams, version: upstreams.version + 1 };
  const next = startRunner(log, store, [mended], LEASE);
  trial.check('I4', await next.passed(await log.head(), CATCH_UP_MS), 'the mended code does not get by');
  const [after] = await next.status();
  trial.check('I4', after?.parked === 0, 'the mended code puts something aside');
  await next.stop();
  const whole =
    JSON.stringify(await hashes(store, [mended])) === JSON.stringify(await rebuilt(log, [mended]));
  trial.check('I4', whole, 'the mended read model is not as a replay gives it');

  // What this build does not know stops it there, and says so.
  const head = await log.head();
  await adapter.append(make.WORKSPACE.replace(/.$/, 'f'), 'none', [
    {
      id: uuidv5('faults', 'teleported'),
      type: 'upstream.teleported',
      data: '{}',
      meta: JSON.stringify(
        make.event({ type: 'upstream.created', data: { upstream: make.upstream('a') } }).meta,
      ),
    },
  ]);
  const stopped = startRunner(log, store, [mended], LEASE);
  const [seen] = await until('it stops', async () => {
    const all = await stopped.status();
    return all[0]?.error ? all : undefined;
  });
  trial.check('I4', /upstream\.teleported/.test(seen?.error ?? ''), `it says ${seen?.error}`);
  trial.check('I4', (seen?.position ?? -1n) <= head, 'it went past what it does not know');
  await stopped.stop();
  trial.measure('events', count + 2, '');
  trial.measure('put aside', status?.parked ?? 0, '');
}

/** The next version of a read model is built beside the one that is served, while events come in. */
async function rebuild(trial: Trial): Promise<void> {
  const { log, store } = await stores(trial, 'faults-x17');
  const append = make.factWriter(log);
  // A stand-in takes its time for each commit.
  const [batchSize, before] =
    trial.shape === 'embedded' ? [5, trial.count(1_500, 10_000)] : [200, trial.count(100, 2_000)];
  for (let n = 0; n < before; n += 1) {
    await append(make.WORKSPACE, { type: 'upstream.created', data: { upstream: make.upstream(`u${n}`) } });
  }
  const first = startRunner(log, store, [upstreams], LEASE);
  trial.expect(await first.passed(await log.head(), CATCH_UP_MS), 'the first version does not catch up');

  let open = true;
  let written = 0;
  const writing = (async () => {
    for (; open; written += 1) {
      await append(make.WORKSPACE, {
        type: 'upstream.created',
        data: { upstream: make.upstream(`w${written}`) },
      });
      await new Promise((resolve) => setTimeout(resolve, trial.shape === 'embedded' ? 1 : 20));
    }
  })();
  // Should the trial end before, the log is closed under it.
  writing.catch(() => undefined);
  const id = make.id('upstream', 'u0');
  const read = reader(store, [upstreams]);
  let asked = 0;
  let missing = 0;
  const reading = (async () => {
    while (open) {
      asked += 1;
      const found = await read.get('upstreams', id).catch(() => undefined);
      missing += found === undefined ? 1 : 0;
      await new Promise((resolve) => setTimeout(resolve, trial.shape === 'embedded' ? 5 : 20));
    }
  })();
  const next = { ...upstreams, version: upstreams.version + 1 };
  const started = performance.now();
  const second = startRunner(log, store, [next], { ...LEASE, batchSize });
  await until(
    'the new version is served',
    async () => (await store.pointer('upstreams')) === next.version,
    CATCH_UP_MS,
  );
  trial.measure('served after', performance.now() - started, 'ms');
  open = false;
  await Promise.all([writing, reading]);
  trial.expect(await second.passed(await log.head(), CATCH_UP_MS), 'the new version does not catch up');
  await Promise.all([first.stop(), second.stop()]);
  trial.check('I4', missing === 0, `${missing} of ${asked} reads found nothing`);
  const same = JSON.stringify(await hashes(store, [next])) === JSON.stringify(await rebuilt(log, [next]));
  trial.check('I4', same, 'the new version is not as a replay gives it');
  trial.measure('reads meanwhile', asked, '');
  trial.measure('events meanwhile', written, '');
}

/** The read store is thrown away and made again while commands come in. */
async function rebuildOnFiles(trial: Trial): Promise<void> {
  await rebuild(trial);
  const plane = await planeFor(trial);
  const workspace = await plane.workspace();
  const load = startLoad(plane.api, workspace, 6);
  await until('commands are acknowledged', () => load.acknowledged.length > 200, 30_000);
  await plane.kill('projections');
  for (const suffix of ['', '-wal', '-shm']) {
    rmSync(join(plane.place, 'data', `read.db${suffix}`), { force: true });
  }
  await plane.restart('projections');
  const before = load.acknowledged.length;
  await until('commands go on', () => load.acknowledged.length > before + 50, 30_000);
  const { acknowledged, refused } = await load.end();
  trial.check('I1', refused.length === 0, refused.slice(0, 3).join('; '));
  await audit(trial, plane, { acknowledged });
}

export const models: readonly Experiment[] = [
  {
    id: 'X14',
    title: 'events that one projection cannot take',
    bound: 'put aside in sight, the others go on',
    shapes: { embedded: poison, distributed: poison },
  },
  {
    id: 'X17',
    title: 'a read model is built anew while writing goes on',
    bound: 'the old one is served until the new one is whole',
    shapes: { embedded: rebuildOnFiles, distributed: rebuild },
  },
];
