// SPDX-License-Identifier: Apache-2.0
/** @slow 900: the first run builds the server. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { systemTimers } from '../../kernel/index.js';
import { freePort } from '../../test/harness/ports.js';
import { until } from '../../test/harness/until.js';
import type { Mongo } from '../../test/services/mongodb.js';
import { StoreUnavailable, StoreUnusable } from '../index.js';
import { mongoReadStore } from './index.js';
import { onMongo, type Scratch, scratch } from './server.harness.js';

const outcome = async (promise: Promise<unknown>): Promise<unknown> =>
  promise.catch((error: unknown) => error);
const base = { database: 'nxmesh', timeoutMs: 500, timers: systemTimers };

/** A server on the loopback that does this with whoever comes. */
async function listen(serve: (socket: Socket) => void): Promise<{ port: number; close(): void }> {
  const sockets = new Set<Socket>();
  const door = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    serve(socket);
  });
  door.unref();
  await new Promise<void>((done) => door.listen(0, '127.0.0.1', done));
  const address = door.address();
  return {
    port: typeof address === 'object' ? (address?.port ?? 0) : 0,
    close: () => {
      door.close();
      for (const socket of sockets) {
        socket.destroy();
      }
    },
  };
}

function tests(server: Mongo): void {
  const test = suite(`read store: faults on ${server.name}`);
  const within = (title: string, body: (place: Scratch) => Promise<void>): void => {
    test(title, async () => {
      const place = scratch(server, 3_000);
      try {
        await body(place);
      } finally {
        await place.dispose();
      }
    });
  };

  within('documents with any keys come back as they were', async (place) => {
    const store = await place.open();
    await store.define([{ name: 'x.v1/x', indexes: ['name'] }]);
    const text =
      '{"id":"a","name":"n","$where":"1","a.b":{"c.$d":[{"%24":1,"%":2}]},"__proto__":{"x":1},"":3,' +
      '"_bsontype":"ObjectId","nul\\u0000":4,"toBSON":"t","$ref":"r","$id":"i","10":1e300,"2":9007199254740991}';
    const doc = JSON.parse(text);
    await store.write([{ kind: 'put', collection: 'x.v1/x', doc }]);
    assert.is(JSON.stringify(await store.get('x.v1/x', 'a')), JSON.stringify(doc));
    assert.is(JSON.stringify((await store.find('x.v1/x')).items[0]), JSON.stringify(doc));
    assert.not.ok('x' in {});
  });

  within('an object in the place of a value is compared and never run', async (place) => {
    const store = await place.open();
    await store.define([{ name: 'x.v1/x', indexes: ['name'] }]);
    await store.write([{ kind: 'put', collection: 'x.v1/x', doc: { id: 'a', name: 'n' } }]);
    const where = { name: { $ne: '' } } as unknown as Record<string, string>;
    assert.is((await store.find('x.v1/x', { where }).catch(() => ({ total: 0 }))).total, 0);
  });

  within('a database of another program is refused and left as it is', async (place) => {
    const db = place.raw.db(place.settings.database);
    await db.collection('theirs').insertOne({ x: 1 });
    const error = await outcome(place.open());
    assert.ok(error instanceof StoreUnusable && error.why === 'foreign', String(error));
    assert.equal(
      (await db.listCollections().toArray()).map((one) => one.name),
      ['theirs'],
    );
  });

  within('a newer database is refused', async (place) => {
    await place.open();
    const meta = place.raw.db(place.settings.database).collection<{ _id: string }>('nxmesh');
    await meta.updateOne({ _id: 'schema' }, { $set: { version: 99 } });
    const error = await outcome(place.open());
    assert.ok(error instanceof StoreUnusable && error.why === 'newer', String(error));
  });

  within('many processes may start on an empty database at once', async (place) => {
    const spec = { name: 'x.v1/x', indexes: ['workspace_id', 'workspace_id,name'] };
    await Promise.all([1, 2, 3, 4].map(async () => (await place.open()).define([spec, spec])));
    const registered = await place.raw.db(place.settings.database).collection('collections').find().toArray();
    assert.equal(registered[0]?.['indexes'], ['workspace_id', 'workspace_id,name']);
  });

  within('a server that goes away and comes back', async (place) => {
    if (server.lacks.includes('restart')) {
      console.log(`  skipped on ${server.name}: stopping it`);
      return;
    }
    const store = await place.open();
    await store.define([{ name: 'x.v1/x', indexes: ['name'] }]);
    const lease = await store.acquireLease('x.v1', 'a', 60_000);
    const commit = (from: bigint) => {
      const doc = { id: 'a', name: `n${from}` };
      const ops = [{ kind: 'put', collection: 'x.v1/x', doc } as const];
      return store.commit({ projection: 'x.v1', from, to: from + 1n, epoch: lease?.epoch ?? 0, ops });
    };
    assert.equal(await commit(0n), { ok: true });
    const endless = (async () => {
      for (let from = 1n; ; from++) {
        await commit(from);
      }
    })();
    await server.down();
    const started = performance.now();
    assert.instance(await outcome(endless), StoreUnavailable);
    assert.instance(await outcome(store.get('x.v1/x', 'a')), StoreUnavailable);
    assert.ok(performance.now() - started < 10_000, 'within its deadlines');
    await server.up();
    const from = await until('the store to answer', () => store.checkpoint('x.v1'), 20_000);
    // What is asked while a new client takes the old one's place may fail with the old one.
    const result = await until('the store to commit', () => commit(from), 20_000);
    // The last commit before the end may have been decided and not finished.
    assert.equal(result, result.ok ? { ok: true } : { ok: false, why: 'moved', at: from + 1n });
    assert.is(await store.checkpoint('x.v1'), from + 1n);
    assert.is((await store.get('x.v1/x', 'a'))?.['name'], `n${from}`);
  });

  test('nothing there, and a server that says nothing', async () => {
    const gone = await outcome(mongoReadStore({ ...base, url: `mongodb://127.0.0.1:${await freePort()}/` }));
    assert.ok(gone instanceof StoreUnavailable && gone.message.includes('ECONNREFUSED'), String(gone));
    const silent = await listen(() => {});
    const started = performance.now();
    const mute = await outcome(mongoReadStore({ ...base, url: `mongodb://127.0.0.1:${silent.port}/` }));
    assert.instance(mute, StoreUnavailable);
    assert.ok(performance.now() - started < 2_000);
    silent.close();
  });

  within('a server that falls silent in the middle of a call', async (place) => {
    await place.open();
    // A door between us and the server that can be shut.
    let shut = false;
    const target = new URL(server.url.replace(/^mongodb/, 'http'));
    const door = await listen((socket) => {
      const inner = connect(Number(target.port), target.hostname);
      inner.on('error', () => {});
      socket.on('data', (chunk) => shut || inner.write(chunk));
      inner.on('data', (chunk) => shut || socket.write(chunk));
      socket.on('close', () => inner.destroy());
    });
    const url = `mongodb://127.0.0.1:${door.port}/?directConnection=true`;
    const store = await mongoReadStore({ ...place.settings, timeoutMs: 1_000, url });
    assert.is(await store.pointer('x'), 0);
    shut = true;
    const started = performance.now();
    assert.instance(await outcome(store.setPointer('x', 1)), StoreUnavailable);
    assert.ok(performance.now() - started < 3_000, `${performance.now() - started} ms`);
    await store.close();
    door.close();
  });

  test('what is secret comes from files and stays out of messages', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'nxmesh-mongo-'));
    const passwordFile = join(folder, 'password');
    writeFileSync(passwordFile, 'correct horse\n');
    const url = `mongodb://127.0.0.1:${await freePort()}/`;
    const missing = await outcome(
      mongoReadStore({ ...base, url, username: 'u', passwordFile: join(folder, 'no') }),
    );
    assert.ok(missing instanceof StoreUnusable && missing.message.includes(join(folder, 'no')));
    const noCa = await outcome(mongoReadStore({ ...base, url, tlsCaFile: join(folder, 'ca.pem') }));
    assert.ok(noCa instanceof StoreUnusable && noCa.why === 'unreadable');
    const down = await outcome(mongoReadStore({ ...base, url, username: 'u', passwordFile }));
    assert.ok(down instanceof StoreUnavailable && !down.message.includes('horse'));
    for (const bad of ['mongodb://u:battery@', 'mongodb://u:battery@127.0.0.1:x/', 'http://u:battery@h/']) {
      const error = await outcome(mongoReadStore({ ...base, url: bad }));
      assert.ok(error instanceof StoreUnusable, String(error));
      assert.not.ok(
        `${(error as Error).stack} ${String((error as Error).cause)}`.includes('battery'),
        String(error),
      );
    }
    const named = await outcome(mongoReadStore({ ...base, url, database: 'a/b' }));
    assert.ok(named instanceof StoreUnusable);
    rmSync(folder, { recursive: true });
  });

  test.run();
}

await onMongo('read store: faults on MongoDB', tests);
