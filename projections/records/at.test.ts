// SPDX-License-Identifier: Apache-2.0
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { systemClock } from '../../kernel/index.js';
import { collectionName, memoryReadStore } from '../../read-store/index.js';
import { reader } from '../reader.js';
import { positionAt, recordsOf } from './at.js';
import { RECORDS, type RecordDoc, recordId, records } from './index.js';

const EVERY = 100;

type Part = Pick<RecordDoc, 'resource_kind' | 'at'>;

/** A reader of these records of one person, at positions from 1. */
async function withRecords(all: readonly Partial<Part>[]) {
  const store = memoryReadStore({ clock: systemClock });
  const { name, version, collections } = records;
  const collection = collectionName(name, version, RECORDS);
  await store.define(collections.map((one) => ({ ...one, name: collectionName(name, version, one.name) })));
  await store.setPointer(name, version);
  await store.write(
    all.map((one, n) => ({
      kind: 'put',
      collection,
      doc: { id: recordId(BigInt(n + 1)), position: String(n + 1), resource_id: 'eve', ...one },
    })),
  );
  return reader(store, [records]);
}

test('the wanted records of an id are found among any number of others, each once, newest first', async () => {
  for (const count of [0, 1, 255, 256, 257, 512, 1_000]) {
    const kinds = Array.from({ length: count }, (_, n) => (n % EVERY === 0 ? 'member' : 'user'));
    const read = await withRecords(kinds.map((resource_kind) => ({ resource_kind })));
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

test('an instant gives the newest of the log that was not recorded after it, also where a clock was set back', async () => {
  const at = (second: number): string => new Date(Date.UTC(2026, 0, 2, 3, 0, second)).toISOString();
  const back = Array.from({ length: 600 }, () => 20);
  const read = await withRecords([10, 30, ...back, 25, 40, 50].map((second) => ({ at: at(second) })));
  for (const [second, position] of [
    [9, 0],
    [10, 1],
    [29, 603],
    [30, 603],
    [39, 603],
    [40, 604],
    [49, 604],
    [60, 605],
  ] as const) {
    assert.is(await positionAt(read, at(second)), BigInt(position), `at ${second}`);
  }
});

test.run();
