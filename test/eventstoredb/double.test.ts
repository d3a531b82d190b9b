// SPDX-License-Identifier: Apache-2.0
/** That the double answers as the server's source has it, asked by the real client. */
import { randomUUID } from 'node:crypto';
import { ANY, EventStoreDBClient, jsonEvent, NO_STREAM, STREAM_EXISTS } from '@eventstore/db-client';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type DoubleNode, startDouble } from './index.js';

type Client = ReturnType<typeof EventStoreDBClient.connectionString>;

const test = suite<{ node: DoubleNode; client: Client }>('eventstoredb: the double');
test.before.each(async (context) => {
  context.node = await startDouble();
  context.client = EventStoreDBClient.connectionString(`esdb://127.0.0.1:${context.node.port}?tls=false`);
});
test.after.each(async ({ client, node }) => {
  await client.dispose();
  node.stop();
});

const event = () => jsonEvent({ id: randomUUID(), type: 'thing', data: { n: 1 } });
const batch = {};
const single = { credentials: { username: 'a', password: 'b' } };

async function failure(promise: Promise<unknown>): Promise<Record<string, unknown>> {
  try {
    await promise;
  } catch (error) {
    return { ...(error as object) };
  }
  throw new Error('did not fail');
}

for (const [path, options] of [
  ['batchAppend', batch],
  ['append', single],
] as const) {
  test(`${path}: revisions, positions and ids`, async ({ client, node }) => {
    const [first, second, third] = [event(), event(), event()];
    const one = await client.appendToStream('s-1', [first, second], {
      ...options,
      expectedRevision: NO_STREAM,
    });
    assert.is(one.nextExpectedRevision, 1n);
    assert.is(one.position?.commit, node.store.all.at(-1)?.position);
    assert.is(node.calls.at(-1)?.method, path);
    const again = await client.appendToStream('s-1', [first, second], {
      ...options,
      expectedRevision: NO_STREAM,
    });
    assert.equal(again, one);
    for (const [events, expectedRevision] of [
      [[first, third], NO_STREAM],
      [[second, first], NO_STREAM],
      [[first, second, third], NO_STREAM],
      [[third], 0n],
      [[third], 7n],
    ] as const) {
      const error = await failure(
        client.appendToStream('s-1', [...events], { ...options, expectedRevision }),
      );
      assert.is(error['type'], 'wrong-expected-version');
      assert.is(error['actualVersion'], 1n);
    }
    const none = await failure(client.appendToStream('s-2', third, { ...options, expectedRevision: 0n }));
    assert.is(none['actualVersion'], 'no_stream');
    const exists = await failure(
      client.appendToStream('s-2', third, { ...options, expectedRevision: STREAM_EXISTS }),
    );
    assert.is(exists['type'], 'wrong-expected-version');
    await client.appendToStream('s-1', third, { ...options, expectedRevision: 1n });
    assert.equal(await client.appendToStream('s-1', third, { ...options, expectedRevision: ANY }), {
      success: true,
      nextExpectedRevision: 2n,
      position: { commit: node.store.all.at(-1)?.position, prepare: node.store.all.at(-1)?.position },
    });
    // What no real server notices: the same id at the end of the stream, and in another one.
    await client.appendToStream('s-1', first, { ...options, expectedRevision: 2n });
    await client.appendToStream('s-3', first, { ...options, expectedRevision: NO_STREAM });
    assert.is(node.store.stream('s-1').length, 4);
    assert.is(node.store.stream('s-3').length, 1);
  });

  test(`${path}: more than the limit`, async ({ client }) => {
    const large = jsonEvent({ id: randomUUID(), type: 'thing', data: { text: 'x'.repeat(1_100_000) } });
    const error = await failure(
      client.appendToStream('s-1', large, { ...options, expectedRevision: NO_STREAM }),
    );
    assert.is(error['type'], 'maximum-append-size-exceeded');
    assert.is(error['maxAppendSize'], 1_048_576);
  });
}

test('an append beyond its deadline fails on the server, or in the client call by call', async ({
  client,
  node,
}) => {
  const late = await failure(client.appendToStream('s-1', event(), { deadline: -1_000 }));
  assert.is(late['type'], 'deadline-exceeded');
  node.faults.inject('append', { kind: 'silent' });
  const silent = await failure(client.appendToStream('s-1', event(), { ...single, deadline: 50 }));
  assert.is(silent['type'], 'deadline-exceeded');
});

test('reads of $all go both ways, from a position inclusive forwards and exclusive backwards', async ({
  client,
  node,
}) => {
  await client.appendToStream('s-1', [event(), event(), event()]);
  const all = node.store.all.map((kept) => kept.position);
  const positions = async (options: Parameters<Client['readAll']>[0]): Promise<bigint[]> => {
    const found: bigint[] = [];
    for await (const { event: one } of client.readAll(options)) {
      found.push(one?.position.commit ?? -1n);
    }
    return found;
  };
  assert.equal(await positions({}), all);
  assert.equal(
    await positions({ direction: 'backwards', fromPosition: 'end', maxCount: 2 }),
    all.toReversed().slice(0, 2),
  );
  const commit = all[2] ?? 0n;
  const fromPosition = { commit, prepare: commit };
  assert.equal(await positions({ fromPosition }), all.slice(2));
  assert.equal(await positions({ direction: 'backwards', fromPosition }), all.slice(0, 2).toReversed());
  const error = await failure(positions({ fromPosition: { commit: commit + 1n, prepare: commit + 1n } }));
  assert.is(error['code'], 3);
});

test('a subscription is confirmed, catches up with a checkpoint, says so and goes on', async ({ client }) => {
  await client.appendToStream('s-1', [event(), event()]);
  const seen: string[] = [];
  const filter = {
    filterOn: 'streamName',
    prefixes: ['s-'],
    checkpointInterval: 1,
    checkpointReached: () => {
      seen.push('checkpoint');
    },
  } as const;
  const subscription = client.subscribeToAll({ filter: { ...filter, prefixes: ['s-'] } });
  for (const name of ['confirmation', 'caughtUp'] as const) {
    subscription.on(name, () => seen.push(name));
  }
  for await (const { event: one } of subscription) {
    seen.push(`event ${one?.revision}`);
    if (one?.revision === 1n) {
      await client.appendToStream('s-1', event(), { expectedRevision: 1n });
    }
    if (one?.revision === 2n) {
      break;
    }
  }
  await subscription.unsubscribe();
  assert.equal([...seen].sort(), ['caughtUp', 'checkpoint', 'confirmation', 'event 0', 'event 1', 'event 2']);
});

test.run();
