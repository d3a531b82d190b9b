// SPDX-License-Identifier: Apache-2.0
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { EventLog } from '../event-log/index.js';
import { deferred, systemRandom, systemTimers, type Timers } from '../kernel/index.js';
import { manualClock } from '../read-store/clock.harness.js';
import { holdLease, memoryReadStore, type ReadStore, StoreUnavailable } from '../read-store/index.js';
import { setup as setUpLog, until } from './runner.harness.js';
import { projectionRunner } from './runner.js';
import { upstreams } from './upstreams.js';

const test = suite('projections: lease');
const TTL = 900;

/** Time stands still until it is told to pass; `pass` runs what is due every third of the lease. */
function setup() {
  const clock = manualClock();
  const store = memoryReadStore({ clock });
  let away = false;
  let tick: (() => void) | undefined;
  const timers: Timers = {
    ...systemTimers,
    every: (ms, task) => {
      assert.is(ms, TTL / 3);
      tick = task;
      return () => {
        tick = undefined;
      };
    },
  };
  const flaky = {
    ...store,
    acquireLease: async (name: string, owner: string, ttl: number) => {
      if (away) {
        throw new StoreUnavailable('away');
      }
      return store.acquireLease(name, owner, ttl);
    },
  };
  const hold = (owner: string) => holdLease({ store: flaky, clock, timers, owner, leaseTtlMs: TTL }, 'x.v1');
  const pass = async (ms: number, renews = true): Promise<void> => {
    clock.advance(ms);
    if (renews) {
      tick?.();
      await new Promise((done) => setImmediate(done));
    }
  };
  const setAway = (value: boolean): void => {
    away = value;
  };
  return { store, hold, pass, setAway };
}

test('is renewed for as long as it is held, with the same epoch', async () => {
  const { store, hold, pass } = setup();
  const lease = await hold('a');
  for (let n = 0; n < 10; n++) {
    await pass(TTL / 3);
    assert.ok(lease?.held());
    assert.is(await store.acquireLease('x.v1', 'b', TTL), undefined);
  }
  await lease?.release();
  await pass(TTL / 3);
  assert.is((await store.acquireLease('x.v1', 'b', TTL))?.epoch, 2);
});

test('one that was not renewed is given up before its end, while nobody else can have it', async () => {
  const { store, hold, pass } = setup();
  const lease = await hold('a');
  await pass(TTL * 0.8, false);
  assert.ok(lease?.held());
  await pass(TTL * 0.1, false);
  assert.not(lease?.held());
  assert.is(await store.acquireLease('x.v1', 'b', TTL), undefined, 'still ours');
});

test('one that another took meanwhile is lost, and says so', async () => {
  const { store, hold, pass } = setup();
  const lease = await hold('a');
  await pass(TTL + 1, false);
  assert.ok(await store.acquireLease('x.v1', 'b', TTL));
  assert.not(lease?.lost.aborted);
  await pass(0);
  assert.ok(lease?.lost.aborted);
  assert.not(lease?.held());
});

test('a store that is away for a moment does not cost the lease; for longer it does', async () => {
  const { hold, pass, setAway } = setup();
  const lease = await hold('a');
  setAway(true);
  await pass(TTL / 3);
  assert.not(lease?.lost.aborted);
  setAway(false);
  await pass(TTL / 3);
  setAway(true);
  await pass(TTL / 3);
  await pass(TTL / 3);
  assert.not(lease?.lost.aborted);
  await pass(TTL / 3);
  assert.ok(lease?.lost.aborted);
});

test('somebody else’s is not taken', async () => {
  const { hold } = setup();
  assert.ok(await hold('a'));
  assert.is(await hold('b'), undefined);
});

test('a runner that slept past its lease asks for it again before it writes', async () => {
  const clock = manualClock();
  const { log, create } = setUpLog();
  await create('a');
  const inner = memoryReadStore({ clock });
  const calls: string[] = [];
  const store: ReadStore = {
    ...inner,
    acquireLease: (...args) => {
      calls.push('acquire');
      return inner.acquireLease(...args);
    },
    commit: (commit) => {
      calls.push('commit');
      return inner.commit(commit);
    },
  };
  const asleep = deferred();
  const sleepy: EventLog = {
    ...log,
    subscribe: async function* (options) {
      await asleep.promise;
      yield* log.subscribe(options);
    },
  };
  const timers: Timers = { ...systemTimers, every: () => () => {} };
  const deps = { log: sleepy, store, clock, timers, random: systemRandom, owner: 'a' };
  const runner = projectionRunner(deps, [upstreams], { leaseTtlMs: TTL });
  await until(() => calls.length > 0);
  clock.advance(TTL);
  asleep.resolve();
  await until(() => calls.includes('commit'));
  assert.equal(calls, ['acquire', 'acquire', 'commit']);
  await runner.stop();
});

test.run();
