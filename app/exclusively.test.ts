// SPDX-License-Identifier: Apache-2.0
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { deferred, systemTimers } from '../kernel/index.js';
import { manualClock } from '../read-store/clock.harness.js';
import { memoryReadStore } from '../read-store/index.js';
import { until } from '../test/harness/until.js';
import { exclusively } from './exclusively.js';

test('a task that takes longer than the lease keeps the others out, and lets them in when it is done', async () => {
  const clock = manualClock();
  const store = memoryReadStore({ clock });
  let tick: (() => void) | undefined;
  let every = 0;
  const timers: typeof systemTimers = {
    ...systemTimers,
    every: (ms, task) => {
      [every, tick] = [ms, task];
      return () => {
        tick = undefined;
      };
    },
  };
  const alone = exclusively({ store, owner: 'one', timers, shared: true });
  const [begun, end] = [deferred(), deferred()];
  const running = alone('it', async () => {
    begun.resolve();
    await end.promise;
  });
  await begun.promise;
  assert.is(await store.acquireLease('it', 'two', 1), undefined);
  for (let passed = 0; passed < 60_000; passed += every || 5_000) {
    clock.advance(every || 5_000);
    tick?.();
    await systemTimers.sleep(0);
    assert.is(await store.acquireLease('it', 'two', 1), undefined, `after ${passed} ms`);
  }
  tick?.();
  end.resolve();
  await running;
  await until('the other has it', async () => (await store.acquireLease('it', 'two', 1)) !== undefined);
  assert.is(tick, undefined);
});

test.run();
