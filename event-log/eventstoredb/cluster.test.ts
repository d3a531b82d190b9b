// SPDX-License-Identifier: Apache-2.0
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { doubleStore, startDouble } from '../../test/eventstoredb/index.js';
import { Unavailable } from '../index.js';
import { failure, ids, newStream, QUICK, rawEvents, readAll, reading } from './double.harness.js';
import { eventStoreDbLog } from './index.js';

const test = suite('eventstoredb: cluster');

async function cluster() {
  const store = doubleStore();
  const leader = await startDouble({ store });
  const follower = await startDouble({ store });
  follower.follow(leader.port);
  return { store, leader, follower };
}

const log = (connectionString: string) => eventStoreDbLog({ connectionString }, { timing: QUICK });

test('who asks a follower is sent on to the leader, whatever was asked', async () => {
  for (const first of ['append', 'read', 'subscribe'] as const) {
    const { leader, follower, store } = await cluster();
    const stream = newStream();
    const [before, after] = rawEvents(2);
    assert.ok(before && after);
    const direct = await log(`esdb://127.0.0.1:${leader.port}?tls=false`);
    await direct.append(stream, 'none', [before]);
    const sent = await log(`esdb://127.0.0.1:${follower.port}?tls=false`);
    if (first === 'append') {
      await sent.append(stream, 0n, [after]);
      assert.equal(ids(store.stream(stream)), ids([before, after]));
    } else if (first === 'read') {
      assert.equal(ids(await readAll(sent, stream)), [before.id]);
    } else {
      const reader = reading(sent);
      await reader.toCaughtUp();
      assert.equal(reader.ids, [before.id]);
      await reader.end();
    }
    assert.is(follower.calls.length, 1, 'asked once');
    await Promise.all([direct.close(), sent.close()]);
    leader.stop();
    follower.stop();
  }
});

test('a leader that cannot be reached is unavailable', async () => {
  const { leader, follower } = await cluster();
  leader.stop();
  const sent = await log(`esdb://127.0.0.1:${follower.port}?tls=false`);
  assert.instance(await failure(sent.append(newStream(), 'none', rawEvents(1))), Unavailable);
  await sent.close();
  follower.stop();
});

test('finds the leader by gossip, and the next one when it goes', async () => {
  const { leader, follower, store } = await cluster();
  const ports = [leader.port, follower.port];
  leader.members(ports);
  follower.members(ports);
  const hosts = ports.map((port) => `127.0.0.1:${port}`).join(',');
  const sent = await log(`esdb://${hosts}?tls=false&maxDiscoverAttempts=3`);
  const stream = newStream();
  const events = rawEvents(3);
  await sent.append(stream, 'none', events.slice(0, 1));
  assert.is(follower.calls.filter((call) => call.method === 'append').length, 0);
  const reader = reading(sent);
  await reader.events(1);

  leader.stop();
  follower.follow(undefined);
  follower.members([follower.port]);
  await sent.append(stream, 0n, events.slice(1));
  await reader.events(3);
  assert.equal(reader.ids, ids(events));
  assert.equal(ids(store.stream(stream)), ids(events));
  await reader.end();
  await sent.close();
  follower.stop();
});

test.run();
