// SPDX-License-Identifier: Apache-2.0
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { sha256 } from '../../kernel/index.js';
import type { Doc, ReadStore } from '../index.js';
import { UnknownCollection } from '../index.js';

/** What a suite needs of an adapter under test. */
export interface StoreUnderTest {
  readonly store: ReadStore;
  /** Lets this much time pass by the store's reckoning. */
  readonly elapse: (ms: number) => Promise<void>;
  /** Another connection to the same data; the memory adapter gives the same store. */
  readonly other: () => Promise<ReadStore>;
  readonly dispose: () => Promise<void>;
}

const HOSTS = 'hosts.v1/hosts';
const put = (doc: Doc, collection = HOSTS) => ({ kind: 'put', collection, doc }) as const;
const remove = (id: string, collection = HOSTS) => ({ kind: 'delete', collection, id }) as const;
const ids = (docs: readonly Doc[]): string[] => docs.map((doc) => doc.id);

/** The promises of `port.ts`, one after the other. */
export function readStoreContract(name: string, open: () => Promise<StoreUnderTest>): void {
  const test = suite(`read store: ${name}`);

  const within = (
    title: string,
    body: (under: StoreUnderTest & { epoch: number }) => Promise<void>,
  ): void => {
    test(title, async () => {
      const under = await open();
      try {
        await under.store.define([
          { name: HOSTS, indexes: ['workspace_id', 'workspace_id,name', 'name', 'port', 'ssl'] },
        ]);
        const lease = await under.store.acquireLease('hosts.v1', 'a', 1_000);
        await body({ ...under, epoch: lease?.epoch ?? 0 });
      } finally {
        await under.dispose();
      }
    });
  };

  const rejects = async (promise: Promise<unknown>, check: (error: Error) => boolean): Promise<void> => {
    const outcome = await promise.then(
      () => undefined,
      (error: Error) => error,
    );
    assert.ok(outcome && check(outcome), `unexpected outcome: ${outcome}`);
  };

  within('documents come back as they were, and as the caller’s own copy', async ({ store }) => {
    const doc = {
      id: 'ä"\'; --',
      n: 0.1,
      deep: { list: [1, null, 'x'], __proto__x: true },
      text: '\u{1f600}\u0000',
    };
    await store.write([put(doc)]);
    const got = await store.get(HOSTS, doc.id);
    assert.equal(got, doc);
    assert.ok(got);
    (got.deep as { list: unknown[] }).list.push('changed');
    assert.equal(await store.get(HOSTS, doc.id), doc);
    await store.write([put({ id: doc.id, dropped: undefined })]);
    assert.equal(Object.keys((await store.get(HOSTS, doc.id)) ?? {}), ['id']);
    await store.write([remove(doc.id), remove('never there')]);
    assert.is(await store.get(HOSTS, doc.id), undefined);
  });

  within('getMany gives those that are there', async ({ store }) => {
    await store.write([put({ id: 'a', n: 1 }), put({ id: 'b', n: 2 })]);
    const got = await store.getMany(HOSTS, ['b', 'nope', 'a', 'a']);
    assert.equal([...got.keys()].sort(), ['a', 'b']);
    assert.equal(got.get('b'), { id: 'b', n: 2 });
    assert.is((await store.getMany(HOSTS, [])).size, 0);
  });

  within('a document is taken by one, however many ask at once', async ({ store, other }) => {
    await store.write([put({ id: 'ticket', n: 1 })]);
    const stores = [store, await other(), store, await other()];
    const taken = await Promise.all(stores.map((one) => one.take(HOSTS, 'ticket')));
    assert.equal(
      taken.filter((doc) => doc !== undefined),
      [{ id: 'ticket', n: 1 }],
    );
    assert.is(await store.get(HOSTS, 'ticket'), undefined);
    assert.is(await store.take(HOSTS, 'never there'), undefined);
    await rejects(store.take('nobody.v1/x', 'ticket'), (error) => error instanceof UnknownCollection);
  });

  within('a write is whole or not at all', async ({ store }) => {
    const cyclic: Record<string, unknown> = {};
    cyclic.self = cyclic;
    for (const bad of [put({ id: 'bad', cyclic }), put({ id: 'bad', n: 1n }), put({ id: 'b' }, 'no/such')]) {
      await rejects(store.write([put({ id: 'a' }), bad]), () => true);
    }
    assert.is((await store.find(HOSTS)).total, 0);
  });

  within('commit moves the checkpoint with the documents', async ({ store, epoch }) => {
    const commit = { projection: 'hosts.v1', from: 0n, to: 7n, epoch, ops: [put({ id: 'a' })] };
    assert.is(await store.checkpoint('hosts.v1'), 0n);
    assert.equal(await store.commit(commit), { ok: true });
    assert.is(await store.checkpoint('hosts.v1'), 7n);
    const far = 2n ** 63n + 5n;
    assert.equal(await store.commit({ ...commit, from: 7n, to: far, ops: [] }), { ok: true });
    assert.is(await store.checkpoint('hosts.v1'), far);
    await rejects(store.commit({ ...commit, from: far, to: 1n }), () => true);
  });

  within('commit from another checkpoint writes nothing', async ({ store, epoch }) => {
    await store.commit({ projection: 'hosts.v1', from: 0n, to: 7n, epoch, ops: [put({ id: 'a', n: 1 })] });
    const late = {
      projection: 'hosts.v1',
      from: 0n,
      to: 9n,
      epoch,
      ops: [put({ id: 'a', n: 2 }), put({ id: 'b' })],
    };
    assert.equal(await store.commit(late), { ok: false, why: 'moved', at: 7n });
    const early = { ...late, from: 8n };
    assert.equal(
      await store.commit(early),
      { ok: false, why: 'moved', at: 7n },
      'what is between is missing',
    );
    assert.equal((await store.find(HOSTS)).items, [{ id: 'a', n: 1 }]);
    assert.is(await store.checkpoint('hosts.v1'), 7n);
  });

  within('a failing commit leaves the checkpoint where it was', async ({ store, epoch }) => {
    const ops = [put({ id: 'a' }), put({ id: 'bad', n: 1n })];
    await rejects(store.commit({ projection: 'hosts.v1', from: 0n, to: 7n, epoch, ops }), () => true);
    assert.is((await store.find(HOSTS)).total, 0);
    assert.is(await store.checkpoint('hosts.v1'), 0n);
  });

  within(
    'an owner that was overtaken is fenced, on any connection',
    async ({ store, epoch, elapse, other }) => {
      const second = await other();
      assert.is(await second.acquireLease('hosts.v1', 'b', 1_000), undefined, 'held by a');
      await elapse(1_001);
      const lease = await second.acquireLease('hosts.v1', 'b', 1_000);
      assert.ok(lease && lease.epoch > epoch);
      const commit = { projection: 'hosts.v1', from: 0n, to: 5n, ops: [put({ id: 'a' })] };
      assert.equal(await store.commit({ ...commit, epoch }), { ok: false, why: 'fenced', at: 0n });
      assert.is((await store.find(HOSTS)).total, 0);
      assert.equal(await second.commit({ ...commit, epoch: lease.epoch }), { ok: true });
      assert.is((await store.find(HOSTS)).total, 1);
      assert.is(await store.checkpoint('hosts.v1'), 5n);
    },
  );

  within('who never held the lease is fenced', async ({ store, epoch }) => {
    const commit = { projection: 'hosts.v1', from: 0n, to: 5n, ops: [], epoch: epoch + 1 };
    assert.equal(await store.commit(commit), { ok: false, why: 'fenced', at: 0n });
    assert.equal(await store.commit({ ...commit, projection: 'x.v1' }), { ok: false, why: 'fenced', at: 0n });
  });

  within('a lease is renewed by its owner, and free when released', async ({ store, epoch, elapse }) => {
    await elapse(600);
    assert.is((await store.acquireLease('hosts.v1', 'a', 1_000))?.epoch, epoch);
    await elapse(600);
    assert.is(await store.acquireLease('hosts.v1', 'b', 1_000), undefined, 'renewed 600 ms ago');
    await store.releaseLease({ name: 'hosts.v1', owner: 'b', epoch });
    assert.is(await store.acquireLease('hosts.v1', 'b', 1_000), undefined, 'released by somebody else');
    await store.releaseLease({ name: 'hosts.v1', owner: 'a', epoch });
    assert.is((await store.acquireLease('hosts.v1', 'b', 1_000))?.epoch, epoch + 1);
    assert.is((await store.acquireLease('other', 'a', 1_000))?.epoch, 1);
  });

  within('find filters, orders, pages and counts', async ({ store }) => {
    const docs = Array.from({ length: 30 }, (_, n) => ({
      id: `h${String(n).padStart(2, '0')}`,
      workspace_id: n % 3 === 0 ? 'w1' : 'w2',
      name: `n${String((n * 7) % 30).padStart(2, '0')}`,
      port: 80 + (n % 4),
      ssl: n % 2 === 0,
    }));
    await store.write(docs.map((doc) => put(doc)));
    const page = await store.find(HOSTS, {
      where: { workspace_id: 'w1' },
      orderBy: 'name',
      offset: 2,
      limit: 3,
    });
    assert.is(page.total, 10);
    assert.equal(
      page.items.map((doc) => doc.name),
      ['n06', 'n09', 'n12'],
    );
    const last = await store.find(HOSTS, { orderBy: 'name', descending: true, limit: 2 });
    assert.equal([last.total, ...last.items.map((doc) => doc.name)], [30, 'n29', 'n28']);
    const both = await store.find(HOSTS, { where: { ssl: true, port: 82 }, orderBy: 'port' });
    assert.equal(ids(both.items), ['h02', 'h06', 'h10', 'h14', 'h18', 'h22', 'h26']);
    assert.equal(ids((await store.find(HOSTS, { descending: true, limit: 1 })).items), ['h29']);
    assert.equal(await store.find(HOSTS, { offset: 99 }), { items: [], total: 30 });
    assert.equal(await store.find(HOSTS, { limit: 0 }), { items: [], total: 30 });
    await store.write([put({ ...docs[0], id: 'h00', workspace_id: 'w9' })]);
    assert.is((await store.find(HOSTS, { where: { workspace_id: 'w1' } })).total, 9);
    assert.is((await store.find(HOSTS, { where: { workspace_id: "w1' OR 1=1 --" } })).total, 0);
  });

  within('text is ordered by code point, missing fields first, equals by id', async ({ store }) => {
    const names = ['b', 'B', 'ä', '\u{1f600}', '\uffee', 'a'];
    await store.write([
      ...names.map((name, n) => put({ id: `x${n}`, name })),
      put({ id: 'z' }),
      put({ id: 'y', name: 'a' }),
    ]);
    const { items } = await store.find(HOSTS, { orderBy: 'name' });
    assert.equal(
      items.map((doc) => doc.name),
      [undefined, 'B', 'a', 'a', 'b', 'ä', '\uffee', '\u{1f600}'],
    );
    assert.equal(ids(items).slice(2, 4), ['x5', 'y']);
    const ports = [443, 8080, 80, 9].map((port) => put({ id: `p${port}`, workspace_id: 'p', port }));
    await store.write(ports);
    const byPort = await store.find(HOSTS, { where: { workspace_id: 'p' }, orderBy: 'port' });
    assert.equal(ids(byPort.items), ['p9', 'p80', 'p443', 'p8080']);
  });

  within('bounds are inclusive, on the field that it is ordered by', async ({ store }) => {
    const docs = Array.from({ length: 12 }, (_, n) => ({
      id: `h${String(n).padStart(2, '0')}`,
      workspace_id: n % 2 === 0 ? 'w1' : 'w2',
      port: 80 + n,
      name: `n${String.fromCharCode(97 + n)}`,
    }));
    await store.write([...docs, { id: 'h99', workspace_id: 'w1' }].map((doc) => put(doc)));
    const where = { workspace_id: 'w1' };
    const upTo = await store.find(HOSTS, { where, to: 'h07', descending: true, limit: 2 });
    assert.equal([upTo.total, ...ids(upTo.items)], [4, 'h06', 'h04']);
    const within = await store.find(HOSTS, { where, orderBy: 'port', from: 82, to: 86 });
    assert.equal([within.total, ...ids(within.items)], [3, 'h02', 'h04', 'h06']);
    const named = await store.find(HOSTS, { orderBy: 'name', from: 'nk', count: false });
    assert.equal([named.total, ...ids(named.items)], [0, 'h10', 'h11']);
    assert.equal(ids((await store.find(HOSTS, { orderBy: 'port', to: 81 })).items), ['h00', 'h01']);
    assert.equal(await store.find(HOSTS, { from: 'i' }), { items: [], total: 0 });
  });

  within('only declared fields are asked for', async ({ store }) => {
    await rejects(store.find(HOSTS, { where: { other: 1 } }), (error) => error.message.includes('other'));
    await rejects(store.find(HOSTS, { orderBy: 'doc' }), (error) => error.message.includes('doc'));
    await rejects(store.find(HOSTS, { limit: -1 }), () => true);
    await store.define([{ name: 'hosts.v1/within', indexes: ['workspace_id,name'] }]);
    const unscoped = store.find('hosts.v1/within', { where: { name: 'n' } });
    await rejects(unscoped, (error) => error.message.includes('begins with name'));
    await rejects(store.define([{ name: 'x', indexes: ["a'); DROP TABLE leases --"] }]), () => true);
  });

  within('define keeps documents and adds what is missing', async ({ store }) => {
    await store.write([put({ id: 'a', region: 'eu' })]);
    const spec = { name: HOSTS, indexes: ['workspace_id', 'name', 'port', 'ssl', 'region', 'port,region'] };
    await store.define([spec, spec]);
    await store.define([spec]);
    assert.is((await store.find(HOSTS, { where: { region: 'eu' } })).total, 1);
    assert.is((await store.find(HOSTS, { where: { port: 1, region: 'eu' } })).total, 0);
  });

  within('collections with hostile names are only names', async ({ store }) => {
    const name = 'x.v1/a"; DROP TABLE leases; --\u0000\'';
    await store.define([{ name, indexes: ['name'] }]);
    await store.write([put({ id: 'a', name: 'n' }, name)]);
    assert.is((await store.find(name, { where: { name: 'n' } })).total, 1);
    assert.is((await store.find(HOSTS)).total, 0);
  });

  within('an unknown collection is named', async ({ store }) => {
    const unknown = (error: Error): boolean => error instanceof UnknownCollection;
    await rejects(store.get('no/such', 'a'), unknown);
    await rejects(store.getMany('no/such', ['a']), unknown);
    await rejects(store.find('no/such'), unknown);
    await rejects(store.hash('no/such'), unknown);
    await rejects(store.write([put({ id: 'a' }, 'no/such')]), unknown);
  });

  within('drop removes one version of one projection', async ({ store, epoch, other }) => {
    const second = await other();
    const kept = ['hosts.v10/hosts', 'hosts.v2/hosts', 'ghosts.v1/hosts'];
    await store.define(['hosts.v1/more', ...kept].map((one) => ({ name: one, indexes: [] })));
    await store.commit({ projection: 'hosts.v1', from: 0n, to: 7n, epoch, ops: [put({ id: 'a' })] });
    assert.is((await second.find(HOSTS)).total, 1);
    await store.drop('hosts.v1');
    for (const gone of [HOSTS, 'hosts.v1/more']) {
      await rejects(store.get(gone, 'a'), (error) => error instanceof UnknownCollection);
      await rejects(second.get(gone, 'a'), (error) => error instanceof UnknownCollection);
    }
    assert.is(await store.checkpoint('hosts.v1'), 0n);
    assert.equal(await Promise.all(kept.map(async (one) => (await store.find(one)).total)), [0, 0, 0]);
    await store.drop('hosts.v1');
    await store.define([{ name: HOSTS, indexes: [] }]);
    assert.is((await second.find(HOSTS)).total, 0);
    assert.is((await store.acquireLease('hosts.v1', 'a', 10))?.epoch, epoch, 'epochs are never given twice');
  });

  within('the pointer moves forward only', async ({ store, other }) => {
    assert.is(await store.pointer('hosts'), 0);
    await store.setPointer('hosts', 2);
    await store.setPointer('hosts', 1);
    assert.is(await (await other()).pointer('hosts'), 2);
    assert.is(await store.pointer('others'), 0);
  });

  within('the hash tells content, not the way to it', async ({ store }) => {
    const copy = 'hosts.v2/hosts';
    await store.define([{ name: copy, indexes: [] }]);
    await store.write([put({ id: '\uffee', a: 1, b: [2] }), put({ id: '\u{1f600}' }), put({ id: 'x' })]);
    await store.write([put({ id: 'x' }, copy), put({ id: 'tmp' }, copy), put({ id: '\u{1f600}' }, copy)]);
    await store.write([put({ b: [2], a: 1, id: '\uffee' }, copy), remove('tmp', copy)]);
    assert.is(await store.hash(HOSTS), await store.hash(copy));
    // The same in every adapter: documents by code point of their ids, one canonical JSON a line.
    const lines = ['{"id":"x"}', '{"a":1,"b":[2],"id":"\uffee"}', '{"id":"\u{1f600}"}'];
    assert.is(await store.hash(copy), sha256(lines.map((line) => `${line}\n`).join('')));
    await store.write([put({ id: 'x', a: 0 }, copy)]);
    assert.is.not(await store.hash(HOSTS), await store.hash(copy));
  });

  test.run();
}
