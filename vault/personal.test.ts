// SPDX-License-Identifier: Apache-2.0
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { deferred, Secret, systemClock, systemRandom } from '../kernel/index.js';
import { memoryReadStore, type ReadStore } from '../read-store/index.js';
import { type Alone, openVault, personal } from './index.js';

const test = suite('personal data');
const random = systemRandom;
const open = (store: ReadStore) => openVault({ store, masterKey: new Secret(Buffer.alloc(32, 7)), random });

/** One after the other, over all that have it, as a lease in the store does it for processes. */
function turns(): Alone {
  let last: Promise<unknown> = Promise.resolve();
  return (_, task) => {
    const mine = last.then(task);
    last = mine.catch(() => undefined);
    return mine;
  };
}

test('what two processes seal for one person at the same time opens everywhere', async () => {
  const store = memoryReadStore({ clock: systemClock });
  const sealed = deferred<void>();
  const vault = await open(store);
  /** Looks early, and writes only when the other has sealed something. */
  const slow = await open({
    ...store,
    write: async (ops) => {
      await sealed.promise;
      return store.write(ops);
    },
  });
  const alone = turns();
  const [one, other] = [personal(vault, random, alone), personal(slow, random, alone)];
  const first = one.seal('u', '10.0.0.1');
  const second = other.seal('u', '10.0.0.2');
  const texts = [await first];
  sealed.resolve();
  texts.push(await second);
  for (const process of [one, other]) {
    assert.equal(await Promise.all(texts.map(process.open)), ['10.0.0.1', '10.0.0.2']);
  }
});

test('a destroyed key opens nothing, and the next is another', async () => {
  const persons = personal(await open(memoryReadStore({ clock: systemClock })), random, turns());
  const text = await persons.seal('u', '10.0.0.1');
  await persons.destroy('u');
  assert.is(await persons.open(text), null);
  assert.is(await persons.open(await persons.seal('u', '10.0.0.1')), '10.0.0.1');
  assert.is(await persons.open(text), null);
});

test.run();
