// SPDX-License-Identifier: Apache-2.0
import * as assert from 'uvu/assert';
import { eventLog, memoryLog } from '../event-log/index.js';
import { systemClock } from '../kernel/index.js';
import { collectionName, type Doc, memoryReadStore } from '../read-store/index.js';
import type { Fact, StoredEvent } from '../schemas/index.js';
import { factWriter } from './facts.harness.js';
import { foldBatch } from './fold.js';
import { PARKED, type Projection } from './projection.js';

export type Given = readonly (readonly [stream: string, ...facts: Fact[]])[];

async function stored(given: Given): Promise<StoredEvent[]> {
  const log = eventLog(memoryLog());
  const append = factWriter(log);
  for (const [stream, ...facts] of given) {
    await append(stream, ...facts);
  }
  const events: StoredEvent[] = [];
  for await (const delivery of log.subscribe({ after: 0n, signal: new AbortController().signal })) {
    if (delivery.kind === 'caught-up') {
      break;
    }
    events.push(delivery.event);
  }
  return events;
}

/**
 * The documents of a projection's collection (the first when left out) after these events, by id. Folded in one batch, one by one, and all
 * of it a second time over what is there: it must make no difference.
 */
export async function documentsAfter(
  projection: Projection,
  given: Given,
  name = projection.collections[0]?.name ?? '',
): Promise<Record<string, Doc>> {
  const { types } = projection;
  const events = (await stored(given)).filter((event) => types?.includes(event.type) ?? true);
  const physical = (name: string): string => collectionName(projection.name, projection.version, name);
  const collection = physical(name);

  async function fold(batches: readonly (readonly StoredEvent[])[]): Promise<Record<string, Doc>> {
    const store = memoryReadStore({ clock: systemClock });
    await store.define(
      [...projection.collections, { name: PARKED, indexes: [] }].map((one) => ({
        ...one,
        name: physical(one.name),
      })),
    );
    for (const batch of batches) {
      await store.write((await foldBatch(store, projection, batch)).ops);
    }
    const { items } = await store.find(collection);
    return Object.fromEntries(items.map((doc) => [doc.id, doc]));
  }

  const once = await fold([events]);
  assert.equal(await fold(events.map((one) => [one])), once, 'one by one');
  assert.equal(await fold([events, events]), once, 'twice');
  return once;
}
