// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { deferred, NxError } from '../kernel/index.js';
import { type ReadStore, StoreUnavailable } from '../read-store/index.js';
import * as make from './facts.harness.js';
import { history, seeded } from './history.harness.js';
import { readModels } from './models.js';
import { places } from './places.js';
import { reader } from './reader.js';
import { records } from './records/index.js';
import { hashes, rebuilt, setup, startRunner, until } from './runner.harness.js';
import { upstreams } from './upstreams.js';

const test = suite('projections: runner');

// The runner's timers do not keep a process alive.
const alive = setInterval(() => {}, 1_000);
test.after(() => clearInterval(alive));

test('what was written is read once its position is passed', async () => {
  const { log, store, create } = setup();
  const read = reader(store, readModels);
  const error = await read.get('upstreams', 'x').catch((one: unknown) => one);
  assert.ok(error instanceof NxError && error.code === 'SERVICE_UNAVAILABLE');
  const first = await create('before');
  const runner = startRunner(log, store);
  assert.ok(await runner.passed(first, 5_000));
  const position = await create('live');
  assert.ok(await runner.passed(position, 5_000), 'also by those that the event is not for');
  assert.is((await read.get('upstreams', make.id('upstream', 'live')))?.name, 'live');
  const page = await read.find('upstreams', {
    where: { workspace_id: make.id('workspace', 'w') },
    orderBy: 'name',
  });
  assert.equal([page.total, ...page.items.map((doc) => doc.name)], [2, 'before', 'live']);
  const found = await read.getMany('upstreams', [make.id('upstream', 'live'), 'nope']);
  assert.is(found.size, 1);
  for (const one of await runner.status()) {
    assert.equal([one.state, one.lag, one.parked], ['live', 0n, 0], one.name);
  }
  assert.not(await runner.passed(position + 1n, 20), 'not yet written');
  await runner.stop();
});

test('starts again where it stopped', async () => {
  const { log, store, create } = setup();
  await create('a');
  const first = startRunner(log, store);
  await first.passed(await log.head(), 5_000);
  await first.stop();
  const subscribed: bigint[] = [];
  const watched = {
    ...log,
    subscribe: (options: Parameters<typeof log.subscribe>[0]) => {
      subscribed.push(options.after);
      return log.subscribe(options);
    },
  };
  const last = await create('b');
  const second = startRunner(watched, store, [upstreams, places, records]);
  assert.ok(await second.passed(last, 5_000));
  assert.equal(subscribed, [16n, 16n, 16n]);
  await second.stop();
  assert.equal(await hashes(store), await rebuilt(log));
});

test('live equals rebuilt after any history, in any batches, with any stops', async () => {
  const property = fc.asyncProperty(
    history,
    fc.integer({ min: 1, max: 7 }),
    fc.nat(5),
    async (facts, batchSize, stops) => {
      const { log, store, append } = setup();
      for (let part = 0; part <= stops; part++) {
        const runner = startRunner(log, store, readModels, { batchSize });
        const size = Math.ceil(facts.length / (stops + 1));
        for (const [stream, fact] of facts.slice(part * size, (part + 1) * size)) {
          await append(stream, fact);
        }
        assert.ok(await runner.passed(await log.head(), 10_000));
        await runner.stop();
      }
      assert.equal(await hashes(store), await rebuilt(log));
    },
  );
  await fc.assert(property, { seed: 42, numRuns: 60 });
});

test('two runners on one store: one writes, the other stands by and takes over', async () => {
  const { log, store, append } = setup();
  const commits: string[] = [];
  const watched = (name: string): ReadStore => ({
    ...store,
    commit: async (commit) => {
      const result = await store.commit(commit);
      commits.push(result.ok ? name : `${name} refused`);
      return result;
    },
  });
  // Long enough that the first keeps its leases on a busy machine: it gives them back when it stops.
  const start = (name: string) => startRunner(log, watched(name), readModels, { leaseTtlMs: 3_000 });
  const [first, second] = [start('first'), start('second')];
  const facts = seeded(1, 300);
  for (const [stream, fact] of facts.slice(0, 150)) {
    await append(stream, fact);
  }
  assert.ok(await first.passed(await log.head(), 10_000));
  assert.equal([...new Set(commits)], ['first']);
  assert.equal(
    (await second.status()).map((one) => one.state),
    readModels.map(() => 'standby'),
  );
  await first.stop();
  for (const [stream, fact] of facts.slice(150)) {
    await append(stream, fact);
  }
  await until(async () => (await second.status()).every((one) => one.state === 'live' && one.lag === 0n));
  assert.equal([...new Set(commits)], ['first', 'second']);
  await second.stop();
  assert.equal(await hashes(store), await rebuilt(log));
  assert.is(await store.checkpoint('upstreams.v1'), await log.head());
});

test('an owner paused in the middle of a write is fenced when it wakes up', async () => {
  const { log, store, create } = setup();
  await create('a');
  const paused = deferred();
  const asleep = deferred();
  let stopped = false;
  const refusals: string[] = [];
  const slow: ReadStore = {
    ...store,
    acquireLease: async (name, owner, ttl) => {
      await (stopped && paused.promise);
      return store.acquireLease(name, owner, ttl);
    },
    commit: async (commit) => {
      stopped = true;
      asleep.resolve();
      await paused.promise;
      const result = await store.commit(commit);
      refusals.push(result.ok ? 'ok' : result.why);
      return result;
    },
  };
  const sleeper = startRunner(log, slow, [upstreams]);
  await asleep.promise;
  const other = startRunner(log, store, [upstreams]);
  const last = await create('b');
  assert.ok(await other.passed(last, 5_000), 'takes over when the lease is over');
  const before = await hashes(store, [upstreams]);
  paused.resolve();
  await until(() => refusals.length > 0);
  assert.equal(refusals, ['fenced']);
  assert.equal(await hashes(store, [upstreams]), before);
  await until(async () => (await sleeper.status())[0]?.state === 'standby');
  await Promise.all([sleeper.stop(), other.stop()]);
  assert.equal(before, await rebuilt(log, [upstreams]));
});

test('a store that is away for a while costs nothing but time', async () => {
  const { log, store, append } = setup();
  let calls = 0;
  const failing = async <T>(work: () => Promise<T>): Promise<T> => {
    calls += 1;
    if (calls % 3 === 0) {
      throw new StoreUnavailable('away');
    }
    return work();
  };
  const flaky: ReadStore = { ...store, commit: (one) => failing(() => store.commit(one)) };
  const runner = startRunner(log, flaky, readModels, { batchSize: 3 });
  for (const [stream, fact] of seeded(2, 60)) {
    await append(stream, fact);
  }
  assert.ok(await runner.passed(await log.head(), 20_000));
  assert.ok(calls > 10);
  await runner.stop();
  assert.equal(await hashes(store), await rebuilt(log));
});

test.run();
