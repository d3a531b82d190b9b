// SPDX-License-Identifier: Apache-2.0
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { systemClock, systemTimers } from '../kernel/index.js';
import { type ReadStore, StoreUnavailable } from '../read-store/index.js';
import { readModels } from './models.js';
import { storedPassed } from './passed.js';
import { setup, startRunner, until } from './runner.harness.js';

const system = { clock: systemClock, timers: systemTimers };

/** A store of which somebody counts what is asked, and which answers when `gate` lets it. */
function counted(store: ReadStore, gate: () => Promise<void> = async () => {}) {
  const asked = { checkpoints: 0 };
  const counting: ReadStore = {
    ...store,
    checkpoint: async (name) => {
      asked.checkpoints += 1;
      await gate();
      return store.checkpoint(name);
    },
  };
  return { counting, asked };
}

test('is true once every read model has stored the position, and false in time when they do not', async () => {
  const { log, store, create } = setup();
  await create('a');
  const passed = storedPassed({ ...system, store }, readModels);
  assert.is(await passed(await log.head(), 30), false, 'nobody projects');
  const runner = startRunner(log, store, readModels, { saveEveryMs: 0 });
  assert.is(await passed(await log.head(), 10_000), true);
  assert.is(await passed((await log.head()) + 1n, 30), false, 'a position that is not there yet');
  await runner.stop();
});

test('asks for all who wait at once', async () => {
  const { log, store, create } = setup();
  await create('a');
  const runner = startRunner(log, store, readModels, { saveEveryMs: 0 });
  const { counting, asked } = counted(store);
  const passed = storedPassed({ ...system, store: counting }, readModels);
  assert.is(await passed(await log.head(), 10_000), true);
  await until(async () => (await passed(await log.head(), 10_000)) || undefined);
  asked.checkpoints = 0;
  const head = await log.head();
  assert.equal(
    await Promise.all(Array.from({ length: 50 }, () => passed(head, 10_000))),
    Array(50).fill(true),
  );
  assert.ok(asked.checkpoints <= 2 * readModels.length, `${asked.checkpoints} questions for 50 who wait`);
  await runner.stop();
});

test('a store that never answers holds nobody longer than was said', async () => {
  const { store } = setup();
  await store.setPointer(readModels[0]?.name ?? '', 1);
  let open = (): void => {};
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  const passed = storedPassed({ ...system, store: counted(store, () => gate).counting }, readModels);
  // The system's timers keep no process alive.
  const alive = setTimeout(open, 10_000);
  const started = performance.now();
  assert.is(await passed(1n, 50), false);
  assert.ok(performance.now() - started < 5_000);
  clearTimeout(alive);
  open();
});

test('waits while the store is away, and says what else goes wrong', async () => {
  const { log, store, create } = setup();
  await create('a');
  const runner = startRunner(log, store, readModels, { saveEveryMs: 0 });
  let failure: Error | undefined = new StoreUnavailable('away');
  const failing = counted(store, async () => {
    if (failure) {
      throw failure;
    }
  }).counting;
  const passed = storedPassed({ ...system, store: failing }, readModels);
  const waits = passed(await log.head(), 10_000);
  assert.is(await passed(await log.head(), 50), false);
  failure = undefined;
  assert.is(await waits, true);
  failure = new Error('another fault');
  await passed(await log.head(), 10_000).then(
    () => assert.unreachable(),
    (error: Error) => assert.is(error.message, 'another fault'),
  );
  await runner.stop();
});

test.run();
