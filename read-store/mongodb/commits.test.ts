// SPDX-License-Identifier: Apache-2.0
/** @slow 900: the first run builds the server. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Mongo } from '../../test/services/mongodb.js';
import type { Commit, Op, ReadStore } from '../index.js';
import { type Change, changesOf, writeGuarded } from './changes.js';
import { mongoCollections } from './collections.js';
import { mongoCommits } from './commits.js';
import { Crashed, crashingAt } from './crash.harness.js';
import { openDatabase } from './open.js';
import { onMongo, type Scratch, scratch } from './server.harness.js';
import { positionText } from './values.js';

const NAMES = ['hosts.v1/hosts', 'hosts.v1/names'] as const;
const put = (n: number, value: number, collection: string = NAMES[0]): Op => ({
  kind: 'put',
  collection,
  doc: { id: `h${n}`, workspace_id: 'w', value },
});
/** New documents, changed ones and a deleted one, in two collections. */
const OPS: readonly Op[] = [
  ...[1, 2, 3, 4].flatMap((n) => NAMES.map((name) => put(n, 2, name))),
  { kind: 'delete', collection: NAMES[0], id: 'h5' },
];

interface Context {
  place: Scratch;
  store: ReadStore;
  first: Commit;
}

function tests(server: Mongo): void {
  const test = suite<Context>(`read store: commits on ${server.name}`);
  test.before.each(async (context) => {
    context.place = scratch(server);
    context.store = await context.place.open();
    await context.store.define(NAMES.map((name) => ({ name, indexes: ['workspace_id'] })));
    const lease = await context.store.acquireLease('hosts.v1', 'a', 60_000);
    const first = { projection: 'hosts.v1', from: 0n, to: 5n, epoch: lease?.epoch ?? 0 };
    context.first = { ...first, ops: [put(1, 1), put(4, 1), put(5, 1)] };
    assert.equal(await context.store.commit(context.first), { ok: true });
  });
  test.after.each(({ place }) => place.dispose());

  const content = (store: ReadStore): Promise<string[]> => Promise.all(NAMES.map((name) => store.hash(name)));

  test('a process that ends at any write leaves all of a commit or none of it', async ({
    place,
    store,
    first,
  }) => {
    const next = { ...first, from: 5n, to: 9n, ops: OPS };
    const outcomes: string[] = [];
    let [before, after, epoch] = [await content(store), [] as string[], first.epoch];
    for (let last = 0; ; last++) {
      const database = await openDatabase(place.settings);
      const dying = crashingAt({ ...database, transactions: false }, last);
      const commits = mongoCommits(dying, mongoCollections(dying));
      const error = await commits.commit({ ...next, epoch }).catch((one: unknown) => one);
      await database.client.close();
      if (!(error instanceof Crashed)) {
        assert.equal(error, { ok: true });
        break;
      }
      await place.elapse(60_000);
      const lease = await store.acquireLease('hosts.v1', `owner-${last}`, 60_000);
      epoch = lease?.epoch ?? 0;
      const reached = await store.checkpoint('hosts.v1');
      if (reached === 5n) {
        assert.equal(await content(store), before, `write ${last}`);
        outcomes.push('none');
        continue;
      }
      assert.is(reached, 9n);
      after = after.length > 0 ? after : await content(store);
      assert.equal(await content(store), after, `write ${last}`);
      outcomes.push('all');
      // Back to where it was: one more commit undoes the documents.
      await store.drop('hosts.v1');
      await store.define(NAMES.map((name) => ({ name, indexes: ['workspace_id'] })));
      assert.equal(await store.commit({ ...first, epoch }), { ok: true });
      before = await content(store);
    }
    assert.equal(outcomes, ['none', 'none', 'all', 'all', 'all', 'all']);
    assert.equal(await content(store), after);
    assert.is((await store.find(NAMES[0])).total, 4, 'h5 is gone');
  });

  test('a commit whose answer was lost is finished by the next try', async ({ place, store, first }) => {
    const database = await openDatabase(place.settings);
    const dying = crashingAt({ ...database, transactions: false }, 3);
    const next = { ...first, from: 5n, to: 9n, ops: OPS };
    const commits = mongoCommits(dying, mongoCollections(dying));
    await commits.commit(next).catch(() => {});
    await database.client.close();
    assert.is(await store.checkpoint('hosts.v1'), 5n, 'not finished yet');
    assert.equal(await store.commit(next), { ok: false, why: 'moved', at: 9n });
    assert.is(await store.checkpoint('hosts.v1'), 9n);
    assert.is((await store.find(NAMES[1])).total, 4);
  });

  test('a replay and a late writer change nothing', async ({ place, store, first }) => {
    const database = await openDatabase({ ...place.settings });
    const collections = mongoCollections(database);
    const late: readonly Change[] = await changesOf(collections, [
      put(1, 99),
      put(5, 99),
      put(7, 99),
      { kind: 'delete', collection: NAMES[0], id: 'h4' },
    ]);
    const commits = mongoCommits({ ...database, transactions: false }, collections);
    const second = { ...first, from: 5n, to: 9n, ops: [...OPS, put(7, 7)] };
    assert.equal(await commits.commit(second), { ok: true });
    const before = await content(store);
    await writeGuarded(database, late, positionText(8n));
    assert.equal(await content(store), before, 'also what was deleted stays so');
    assert.equal(await store.commit(second), { ok: false, why: 'moved', at: 9n });
    assert.equal(await store.commit(first), { ok: false, why: 'moved', at: 9n });
    await writeGuarded(database, await changesOf(collections, second.ops), positionText(9n));
    assert.equal(await content(store), before);
    await writeGuarded(database, late, positionText(10n));
    assert.is((await store.get(NAMES[0], 'h5'))?.['value'], 99, 'a later one does');
    await database.client.close();
  });

  test('larger than one document of the server is still one commit', async ({ store, first }) => {
    const text = '\u{1f600}'.repeat(400_000);
    const ops = Array.from({ length: 12 }, (_, n): Op => {
      return { kind: 'put', collection: NAMES[1], doc: { id: `big${n}`, text } };
    });
    assert.equal(await store.commit({ ...first, from: 5n, to: 6n, ops }), { ok: true });
    assert.is((await store.find(NAMES[1], { limit: 0 })).total, 12);
    assert.is((await store.get(NAMES[1], 'big11'))?.['text'], text);
  });

  test('of many who want a free lease one gets it, and only the newest epoch writes', async ({
    place,
    store,
  }) => {
    const stores = await Promise.all([place.open(), place.open(), place.open()]);
    let [position, epoch] = [5n, 1];
    for (let round = 0; round < 8; round++) {
      await place.elapse(60_000);
      const wanted = stores.map((one, n) => one.acquireLease('hosts.v1', `${n}-${round}`, 60_000));
      const taken = (await Promise.all(wanted)).flatMap((lease) => lease ?? []);
      assert.is(taken.length, 1, `round ${round}`);
      const next = taken[0]?.epoch ?? 0;
      assert.is(next, epoch + 1);
      const to = position + 1n;
      const commit = (by: number) => ({
        projection: 'hosts.v1',
        from: position,
        to,
        epoch: by,
        ops: [put(1, by), put(round + 10, by)],
      });
      const results = await Promise.all([
        stores[0]?.commit(commit(epoch)),
        stores[1]?.commit(commit(next)),
        stores[2]?.commit(commit(next)),
      ]);
      assert.is(results.filter((one) => one?.ok).length, 1, `round ${round}`);
      assert.is(results[0]?.ok, false, 'the older one is fenced');
      assert.is((await store.get(NAMES[0], 'h1'))?.['value'], next);
      [position, epoch] = [to, next];
    }
    assert.is(await store.checkpoint('hosts.v1'), position);
  });

  test('readers use the indexes that the model declares', async ({ place, store }) => {
    const db = place.raw.db(place.settings.database);
    const registered = await db
      .collection<{ _id: string; physical: string }>('collections')
      .findOne({ _id: NAMES[0] });
    const collection = db.collection(registered?.physical ?? '');
    const keys = await collection.indexes();
    assert.equal(new Set(keys.map((one) => one.name)), new Set(['_id_', 'workspace_id']));
    await store.define([{ name: NAMES[0], indexes: ['workspace_id', 'workspace_id,value'] }]);
    const more = await collection.indexes();
    const made = more.find((one) => one.name === 'workspace_id-value');
    assert.equal(Object.entries(made?.key ?? {}).flat(), [
      'state.doc.workspace_id',
      1,
      'state.doc.value',
      1,
      '_id',
      1,
    ]);
    if (server.lacks.includes('plans')) {
      console.log(`  skipped on ${server.name}: the plan of a query`);
      return;
    }
    const filter = { 'state.doc.workspace_id': { $eq: 'w' } };
    const plan = await collection.find(filter).sort({ 'state.doc.value': 1, _id: 1 }).explain('queryPlanner');
    const text = JSON.stringify(plan['queryPlanner']);
    assert.ok(text.includes('workspace_id-value') && !text.includes('"SORT"'), text);
  });

  test.run();
}

await onMongo('read store: commits on MongoDB', tests);
