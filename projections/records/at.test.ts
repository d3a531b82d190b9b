// SPDX-License-Identifier: Apache-2.0
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { systemClock } from '../../kernel/index.js';
import { collectionName, memoryReadStore } from '../../read-store/index.js';
import { reader } from '../reader.js';
import { recordsOf } from './at.js';
import { RECORDS, recordId, records } from './index.js';

const EVERY = 100;

/** Records of one person; each hundredth is a member's, all others are the user's own. */
async function withRecords(count: number) {
  const store = memoryReadStore({ clock: systemClock });
  const { name, version, collections } = records;
  const collection = collectionName(name, version, RECORDS);
  await store.define(collections.map((one) => ({ ...one, name: collectionName(name, version, one.name) })));
  await store.setPointer(name, version);
  await store.write(
    Array.from({ length: count }, (_, n) => ({
      kind: 'put',
      collection,
      doc: {
        id: recordId(BigInt(n + 1)),
        position: String(n + 1),
        resource_id: 'eve',
        resource_kind: n % EVERY === 0 ? 'member' : 'user',
      },
    })),
  );
  return reader(store, [records]);
}

test('the wanted records of an id are found among any number of others, each once, newest first', async () => {
  for (const count of [0, 1, 255, 256, 257, 512, 1_000]) {
    const read = await withRecords(count);
    let breaths = 0;
    const breathe = async (): Promise<void> => {
      breaths += 1;
    };
    const found = await recordsOf(read, 'eve', breathe, (one) => one.resource_kind === 'member');
    const expected = Array.from({ length: Math.ceil(count / EVERY) }, (_, n) => String(n * EVERY + 1));
    assert.equal(
      found.map(({ position }) => position),
      expected.reverse(),
      `of ${count}`,
    );
    assert.is(breaths, Math.floor(count / 256), 'the event loop is let go between the parts');
  }
});

test.run();
