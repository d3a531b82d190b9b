// SPDX-License-Identifier: Apache-2.0
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { eventLog, memoryLog } from '../event-log/index.js';
import { deferred, systemClock } from '../kernel/index.js';
import { memoryReadStore, type ReadStore, UnknownCollection } from '../read-store/index.js';
import * as make from './facts.harness.js';
import type { Projection } from './projection.js';
import { reader } from './reader.js';
import { startRunner, until } from './runner.harness.js';
import { upstreams } from './upstreams.js';

const test = suite('projections: versions');
const alive = setInterval(() => {}, 1_000);
test.after(() => clearInterval(alive));

const A = make.id('upstream', 'a');

/** Writes its number into what it makes. */
const version = (n: number): Projection => ({
  ...upstreams,
  version: n,
  project: (event, load) =>
    upstreams
      .project(event, load)
      .map((op) => (op.kind === 'put' ? { ...op, doc: { ...op.doc, made_by: n } } : op)),
});

async function setup() {
  const log = eventLog(memoryLog());
  const append = make.factWriter(log);
  const store = memoryReadStore({ clock: systemClock });
  const create = (name: string) =>
    append(make.WORKSPACE, { type: 'upstream.created', data: { upstream: make.upstream(name) } });
  await create('a');
  const read = reader(store, [upstreams]);
  const madeBy = async () =>
    ((await read.get('upstreams', A)) as unknown as { made_by?: number } | undefined)?.made_by;
  return { log, store, create, read, madeBy };
}

const gone = (store: ReadStore, n: number): Promise<boolean> =>
  store.find(`upstreams.v${n}/upstreams`).then(
    () => false,
    (error: unknown) => error instanceof UnknownCollection,
  );

test('readers stay on the old version until the new one is there, then the old one goes', async () => {
  const { log, store, create, madeBy, read } = await setup();
  const old = startRunner(log, store, [version(1)]);
  assert.ok(await old.passed(await log.head(), 5_000));
  await old.stop();
  await create('b');
  const gate = deferred();
  const gated: ReadStore = { ...store, commit: (one) => gate.promise.then(() => store.commit(one)) };
  const next = startRunner(log, gated, [version(2)], { leaseTtlMs: 60_000 });
  await until(async () => (await next.status())[0]?.state === 'catching-up');
  assert.is(await madeBy(), 1);
  assert.not(await next.passed(await log.head(), 20));
  gate.resolve();
  assert.ok(await next.passed(await log.head(), 5_000));
  assert.is(await madeBy(), 2);
  assert.is((await read.find('upstreams')).total, 2);
  assert.ok(await gone(store, 1));
  assert.is(await store.checkpoint('upstreams.v1'), 0n);
  await next.stop();
});

test('a crash between the pointer and the drop leaves nothing behind', async () => {
  const { log, store } = await setup();
  const old = startRunner(log, store, [version(1)]);
  await old.passed(await log.head(), 5_000);
  await old.stop();
  const killed: ReadStore = { ...store, drop: () => new Promise(() => {}) };
  startRunner(log, killed, [version(2)], { leaseTtlMs: 50 });
  await until(async () => (await store.pointer('upstreams')) === 2);
  assert.not(await gone(store, 1));
  const again = startRunner(log, store, [version(3)]);
  assert.ok(await again.passed(await log.head(), 5_000));
  assert.equal([await gone(store, 1), await gone(store, 2), await gone(store, 3)], [true, true, false]);
  await again.stop();
});

test('an older process beside a newer one does nothing and says so', async () => {
  const { log, store, madeBy } = await setup();
  const next = startRunner(log, store, [version(2)]);
  assert.ok(await next.passed(await log.head(), 5_000));
  const old = startRunner(log, store, [version(1)]);
  await until(async () => (await old.status())[0]?.state === 'superseded');
  assert.not(await old.passed(0n, 5_000));
  assert.is(await madeBy(), 2);
  assert.ok(await gone(store, 1));
  await Promise.all([old.stop(), next.stop()]);
});

test('an older process that is overtaken while it runs comes to rest', async () => {
  const { log, store, create, madeBy } = await setup();
  const old = startRunner(log, store, [version(1)]);
  assert.ok(await old.passed(await log.head(), 5_000));
  const next = startRunner(log, store, [version(2)]);
  assert.ok(await next.passed(await log.head(), 5_000));
  const last = await create('b');
  await until(async () => (await old.status())[0]?.state === 'superseded');
  assert.ok(await next.passed(last, 5_000));
  assert.is(await madeBy(), 2);
  assert.ok(await gone(store, 1));
  await Promise.all([old.stop(), next.stop()]);
});

test('a read that falls between pointer and drop is asked again', async () => {
  const { log, store } = await setup();
  const runner = startRunner(log, store, [version(2)]);
  assert.ok(await runner.passed(await log.head(), 5_000));
  let asked = 0;
  const behind: ReadStore = {
    ...store,
    pointer: async (name) => {
      asked += 1;
      return asked === 1 ? 1 : store.pointer(name);
    },
  };
  assert.is((await reader(behind, [upstreams]).get('upstreams', A))?.name, 'a');
  assert.is(asked, 2);
  await runner.stop();
});

test.run();
