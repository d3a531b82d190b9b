// SPDX-License-Identifier: Apache-2.0
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { StoredEvent } from '../schemas/index.js';
import { until } from '../test/harness/until.js';
import { logContract } from './contract/index.contract.js';
import { ids, newStream, upstreamsCreated } from './contract/subject.harness.js';
import { type Delivery, type EventLog, eventLog, memoryLog, sharedLog } from './index.js';

logContract({ name: 'shared tail', open: async () => sharedLog(eventLog(memoryLog())) });
logContract({ name: 'shared tail of two events', open: async () => sharedLog(eventLog(memoryLog()), 2) });

/** Counts what is asked of the log underneath. */
function counted(log: EventLog) {
  const count = { open: 0, subscriptions: 0, delivered: 0 };
  async function* subscribe(options: Parameters<EventLog['subscribe']>[0]): AsyncGenerator<Delivery> {
    count.subscriptions += 1;
    count.open += 1;
    try {
      for await (const delivery of log.subscribe(options)) {
        count.delivered += delivery.kind === 'event' ? 1 : 0;
        yield delivery;
      }
    } finally {
      count.open -= 1;
    }
  }
  return { count, log: { ...log, subscribe } };
}

async function take(
  subscription: AsyncIterator<Delivery>,
  wanted: number,
): Promise<{ events: StoredEvent[]; caughtUp: number }> {
  const events: StoredEvent[] = [];
  let caughtUp = 0;
  while (events.length < wanted || caughtUp === 0) {
    const { value, done } = await subscription.next();
    if (done) {
      break;
    }
    const delivery = value as Delivery;
    if (delivery.kind === 'event') {
      events.push(delivery.event);
      caughtUp = 0;
    } else {
      caughtUp += 1;
    }
  }
  return { events, caughtUp };
}

test('what all follow is read once, and nothing stays open when all have left', async () => {
  const { count, log } = counted(eventLog(memoryLog()));
  const shared = sharedLog(log);
  const stop = new AbortController();
  const followers = Array.from({ length: 8 }, () =>
    shared.subscribe({ after: 0n, signal: stop.signal })[Symbol.asyncIterator](),
  );
  for (const one of followers) {
    await one.next();
  }
  const seen = followers.map((one) => take(one, 100));
  const events = upstreamsCreated(100);
  await shared.append(newStream(), 'none', events);
  for (const one of await Promise.all(seen)) {
    assert.equal(ids(one.events), ids(events));
  }
  assert.is(count.delivered, 100);
  stop.abort();
  await Promise.all(followers.map(async (one) => one.return?.()));
  await shared.append(newStream(), 'none', upstreamsCreated(1));
  assert.is(count.open, 0);
  assert.is(count.delivered, 100);
});

test('a follower that is too slow for the tail misses nothing', async () => {
  const shared = sharedLog(eventLog(memoryLog()), 4);
  const signal = AbortSignal.timeout(20_000);
  const fast = shared.subscribe({ after: 0n, signal })[Symbol.asyncIterator]();
  const slow = shared.subscribe({ after: 0n, signal })[Symbol.asyncIterator]();
  await fast.next();
  await slow.next();
  const stream = newStream();
  const events = upstreamsCreated(60);
  for (let index = 0; index < 60; index += 20) {
    await shared.append(stream, index === 0 ? 'none' : BigInt(index - 1), events.slice(index, index + 20));
    assert.is((await take(fast, 20)).events.length, 20);
  }
  assert.equal(ids((await take(slow, 60)).events), ids(events));
  await Promise.all([fast.return?.(), slow.return?.()]);
});

test('a tail ends with the last of those who follow it, whoever is late to leave the one before', async () => {
  const { count, log } = counted(eventLog(memoryLog()));
  let broken = false;
  const shared = sharedLog({
    ...log,
    subscribe: async function* (options) {
      for await (const delivery of log.subscribe(options)) {
        if (broken) {
          throw new Error('it breaks off');
        }
        yield delivery;
      }
    },
  });
  const leaving = new AbortController();
  const early = shared.subscribe({ after: 0n, signal: leaving.signal })[Symbol.asyncIterator]();
  const late = shared.subscribe({ after: 0n, signal: AbortSignal.timeout(20_000) })[Symbol.asyncIterator]();
  await Promise.all([early.next(), late.next()]);
  const first = [early.next(), late.next()];
  const stream = newStream();
  const events = upstreamsCreated(2);
  await shared.append(stream, 'none', events.slice(0, 1));
  await Promise.all(first);
  broken = true;
  await shared.append(stream, 0n, events.slice(1));
  await until('the tail has ended', () => count.open === 0);
  broken = false;
  // One goes over to the next tail and leaves it; the other has not even seen that the first has ended.
  assert.equal(ids((await take(early, 1)).events), ids(events.slice(1)));
  const waiting = early.next();
  await until('the next tail', () => count.open === 1);
  leaving.abort();
  await waiting;
  await late.return?.();
  await until('nothing is open any more', () => count.open === 0, 2_000);
});

test('an error of the tail is only for those that it concerns', async () => {
  const inner = eventLog(memoryLog());
  let failing = false;
  // The tail reads everything and meets what only readers of everything meet.
  const log: EventLog = {
    ...inner,
    subscribe: async function* (options) {
      for await (const delivery of inner.subscribe(options)) {
        if (failing && !options.categories) {
          throw new Error('an event that nobody knows');
        }
        yield delivery;
      }
    },
  };
  const shared = sharedLog(log);
  const signal = AbortSignal.timeout(20_000);
  const workspace = shared
    .subscribe({ after: 0n, categories: ['workspace'], signal })
    [Symbol.asyncIterator]();
  await workspace.next();
  failing = true;
  const events = upstreamsCreated(3);
  await shared.append(newStream(), 'none', events);
  assert.equal(ids((await take(workspace, 3)).events), ids(events));
  const more = upstreamsCreated(2);
  await shared.append(newStream(), 'none', more);
  assert.equal(ids((await take(workspace, 2)).events), ids(more));
  await workspace.return?.();
});

test.run();
