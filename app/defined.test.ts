// SPDX-License-Identifier: Apache-2.0
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { systemClock } from '../kernel/index.js';
import { memoryReadStore, type ReadStore, StoreUnavailable } from '../read-store/index.js';
import { until } from '../test/harness/until.js';
import { apiKeyUse } from './api-key-use.js';
import { workflowCheckpoint } from './workflow-checkpoint.js';

/** A store that is away when it is asked first. */
function late(): ReadStore {
  const store = memoryReadStore({ clock: systemClock });
  let asked = false;
  return {
    ...store,
    define: async (specs) => {
      if (!asked) {
        asked = true;
        throw new StoreUnavailable('away');
      }
      return store.define(specs);
    },
  };
}

const outcome = (promise: Promise<unknown>): Promise<unknown> => promise.catch((error: unknown) => error);

test('a store that was away at the start is asked again', async () => {
  const checkpoint = workflowCheckpoint({ readStore: late(), clock: systemClock }, 'one');
  // Another process may do the work for long: nobody has asked for the checkpoint by then.
  await new Promise((resolve) => setImmediate(resolve));
  assert.instance(await outcome(checkpoint.load()), StoreUnavailable);
  assert.is(await checkpoint.load(), 0n);
  await checkpoint.save(7n);
  assert.is(await checkpoint.load(), 7n);

  const use = apiKeyUse({ store: late(), clock: systemClock });
  assert.instance(await outcome(use.last(['key'])), StoreUnavailable);
  use.used('key');
  await until('the use is known', async () => (await use.last(['key'])).has('key'), 2_000);
});

test.run();
