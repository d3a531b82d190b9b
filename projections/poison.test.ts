// SPDX-License-Identifier: Apache-2.0
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { eventLog, memoryLog } from '../event-log/index.js';
import { systemClock } from '../kernel/index.js';
import { memoryReadStore } from '../read-store/index.js';
import * as make from './facts.harness.js';
import type { Projection } from './projection.js';
import { reader } from './reader.js';
import { setup, startRunner, until } from './runner.harness.js';
import { upstreams } from './upstreams.js';

const test = suite('projections: events that cannot be projected');
const alive = setInterval(() => {}, 1_000);
test.after(() => clearInterval(alive));

/** Cannot project the upstream `bad`, nor say anything of it but its id. */
const fragile = (onPoison: Projection['onPoison']): Projection => ({
  ...upstreams,
  onPoison,
  project: (event, load) => {
    if (event.type === 'upstream.updated' && event.data.upstream.keepalive_connections === 13) {
      throw new Error('thirteen');
    }
    return upstreams.project(event, load);
  },
});

async function poisoned(onPoison: Projection['onPoison']) {
  const { log, store, create, append } = setup();
  await create('a');
  await create('b');
  const update = (name: string, keepalive_connections: number) =>
    append(make.WORKSPACE, {
      type: 'upstream.updated',
      data: { upstream: { ...make.upstream(name), keepalive_connections }, changed: [] },
    });
  const poison = await update('a', 13);
  const last = await create('c');
  const runner = startRunner(log, store, [fragile(onPoison)]);
  const passed = await runner.passed(last, 5_000);
  const read = reader(store, [upstreams]);
  return { runner, store, passed, poison, last, read, update, log };
}

test('poison, park: put aside in sight, its document is stale until the next event', async () => {
  const { runner, store, passed, poison, read, update, log } = await poisoned('park');
  assert.ok(passed);
  const [status] = await runner.status();
  assert.equal([status?.state, status?.parked], ['live', 1]);
  const { items } = await store.find('upstreams.v1/parked');
  assert.equal(
    items.map(({ position, type, error, projection }) => ({ position, type, error, projection })),
    [{ position: String(poison), type: 'upstream.updated', error: 'thirteen', projection: 'upstreams.v1' }],
  );
  const a = make.id('upstream', 'a');
  assert.equal(
    new Map((await read.find('upstreams')).items.map((doc) => [doc.name, doc._stale])),
    new Map<string, unknown>([
      ['a', true],
      ['b', undefined],
      ['c', undefined],
    ]),
  );
  assert.ok(await runner.passed(await update('a', 1), 5_000));
  assert.equal(
    [(await read.get('upstreams', a))?._stale, (await read.get('upstreams', a))?.keepalive_connections],
    [undefined, 1],
  );
  await runner.stop();
  const again = startRunner(log, store, [fragile('park')]);
  await until(async () => (await again.status())[0]?.parked === 1);
  await again.stop();
});

test('poison, stop: everything before it is seen, nothing after, and waiting for it ends at once', async () => {
  const { log, runner, store, passed, poison, last } = await poisoned('stop');
  assert.not(passed);
  const started = performance.now();
  assert.not(await runner.passed(last, 60_000));
  assert.ok(performance.now() - started < 5_000);
  const [status] = await runner.status();
  assert.is(status?.state, 'stopped');
  assert.match(status?.error ?? '', /upstream\.updated .* thirteen/);
  assert.is((await store.find('upstreams.v1/upstreams')).total, 2);
  // One that the log has given: EventStoreDB takes no other to go on from.
  const before: bigint[] = [];
  for await (const { position } of log.read(make.WORKSPACE)) {
    before.push(position);
  }
  assert.is(await store.checkpoint('upstreams.v1'), before.filter((one) => one < poison).at(-1));
  await runner.stop();
});

test('what loads without saying so, or writes elsewhere, is poison too', async () => {
  const { log, store, create } = setup();
  await create('a');
  for (const bad of [
    {
      ...upstreams,
      name: 'loads',
      project: (_: unknown, load: (c: string, id: string) => unknown) =>
        [load('upstreams', 'x')].slice(1) as never[],
    },
    {
      ...upstreams,
      name: 'writes',
      project: () => [{ kind: 'delete', collection: 'other', id: 'x' } as const],
    },
  ]) {
    const runner = startRunner(log, store, [{ ...bad, onPoison: 'stop' }]);
    await until(async () => (await runner.status())[0]?.state === 'stopped');
    await runner.stop();
  }
});

test('an event that this build does not know stops the projection behind what comes before it', async () => {
  const adapter = memoryLog();
  const log = eventLog(adapter);
  const append = make.factWriter(log);
  await append(make.WORKSPACE, { type: 'upstream.created', data: { upstream: make.upstream('a') } });
  const meta = JSON.stringify({
    ...make.event({ type: 'workspace.created', data: { workspace: make.workspace('w') } }).meta,
  });
  await adapter.append(make.WORKSPACE, 0n, [
    { id: make.id('new'), type: 'upstream.teleported', data: '{}', meta },
  ]);
  const store = memoryReadStore({ clock: systemClock });
  const runner = startRunner(log, store, [upstreams]);
  const error = await until(async () => (await runner.status())[0]?.error);
  assert.match(error, /upstream\.teleported/);
  assert.is((await store.find('upstreams.v1/upstreams')).total, 1);
  await runner.stop();
});

test.run();
