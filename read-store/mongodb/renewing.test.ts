// SPDX-License-Identifier: Apache-2.0
/** @slow 900: the first run builds the server. */
import { MongoServerSelectionError } from 'mongodb';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { deferred, systemClock, systemTimers } from '../../kernel/index.js';
import { proxyTo } from '../../test/faults/proxy.js';
import { until } from '../../test/harness/until.js';
import type { Mongo } from '../../test/services/mongodb.js';
import { memoryReadStore, type ReadStore, StoreUnavailable } from '../index.js';
import { mongoReadStore } from './index.js';
import { renewing } from './renewing.js';
import { onMongo, scratch } from './server.harness.js';

const test = suite('read store: a new client');
const nobody = new StoreUnavailable('nobody', {
  cause: new MongoServerSelectionError('nobody', {} as never),
});

function failing(error: Error): ReadStore & { closed(): number } {
  let closed = 0;
  return {
    ...memoryReadStore({ clock: systemClock }),
    checkpoint: () => Promise.reject(error),
    close: async () => {
      closed += 1;
    },
    closed: () => closed,
  };
}

const outcome = (work: Promise<unknown>): Promise<unknown> => work.catch((error: unknown) => error);

test('takes over when no server was found, once for all calls that found none', async () => {
  const old = failing(nobody);
  const opened = deferred<ReadStore>();
  let opens = 0;
  const store = renewing(old, () => {
    opens += 1;
    return opened.promise;
  });
  assert.equal(await Promise.all([1, 2, 3].map(() => outcome(store.checkpoint('x')))), [
    nobody,
    nobody,
    nobody,
  ]);
  assert.is(opens, 1);
  opened.resolve(memoryReadStore({ clock: systemClock }));
  await until('the new one answers', async () => (await store.checkpoint('x')) === 0n);
  await until('the old one is closed', () => old.closed() === 1);
  await store.close();
});

test('is not made for other failures, and an old one stays while none opens', async () => {
  let opens = 0;
  const open = (): Promise<ReadStore> => {
    opens += 1;
    return Promise.reject(nobody);
  };
  const slow = new StoreUnavailable('no answer in time');
  assert.is(await outcome(renewing(failing(slow), open).checkpoint('x')), slow);
  assert.is(opens, 0);
  const old = failing(nobody);
  const store = renewing(old, open);
  await outcome(store.checkpoint('x'));
  await until('it is tried again at the next call', async () => {
    await outcome(store.checkpoint('x'));
    return opens >= 2;
  });
  assert.is(old.closed(), 0);
  await store.close();
  assert.is(old.closed(), 1);
});

test('one that opens after the end is closed too', async () => {
  const opened = deferred<ReadStore>();
  const [old, next] = [failing(nobody), failing(nobody)];
  const store = renewing(old, () => opened.promise);
  await outcome(store.checkpoint('x'));
  const closing = store.close();
  opened.resolve(next);
  await closing;
  assert.equal([old.closed(), next.closed()], [1, 1]);
});

test.run();

const AT_ONCE = 20;
const CUTS = 4;

function cutOff(server: Mongo): void {
  const cut = suite(`read store: cut off on ${server.name}`);
  cut('goes on after all connections were cut at once, in the midst of reading', async () => {
    const place = scratch(server, 2_000);
    const { hostname, port } = new URL(server.url);
    const way = await proxyTo(hostname, Number(port));
    const url = server.url.replace(`${hostname}:${port}`, `127.0.0.1:${way.port}`);
    const store = await mongoReadStore({ ...place.settings, url, timers: systemTimers });
    let reading = true;
    let answered = 0;
    const readers = Array.from({ length: AT_ONCE }, async () => {
      while (reading) {
        const found = await outcome(store.pointer('x'));
        answered += found === 0 ? 1 : 0;
      }
    });
    try {
      for (let n = 0; n < CUTS; n += 1) {
        const before = answered;
        await until('reads are answered', () => answered > before + 100, 8_000);
        way.down(true);
        await until(
          'it is noticed',
          async () => (await outcome(store.pointer('x'))) instanceof StoreUnavailable,
        );
        way.down(false);
      }
      const before = answered;
      await until('reads are answered', () => answered > before + 100, 8_000);
    } finally {
      reading = false;
    }
    await Promise.all(readers);
    await store.close();
    way.close();
    await place.dispose();
  });
  cut.run();
}

await onMongo('read store: cut off', cutOff);
