// SPDX-License-Identifier: Apache-2.0
import { randomUUID } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Position, streams } from '../../kernel/index.js';
import type { StoredEvent } from '../../schemas/index.js';
import { type EventLog, LogDamaged, Unavailable } from '../index.js';
import {
  caughtUp,
  failure,
  ids,
  newStream,
  type Subject,
  upstreamCreated,
  upstreamsCreated,
} from './subject.harness.js';

const LIMIT_MS = 20_000;

export function subscribeContract(subject: Subject): void {
  const test = suite(`${subject.name}: subscribe`);
  let log: EventLog;
  test.before(async () => {
    log = await subject.open();
  });
  test.after(() => log.close());

  const subscribed = (after: Position, signal = AbortSignal.timeout(LIMIT_MS)) =>
    log.subscribe({ after, signal })[Symbol.asyncIterator]();

  test('an empty log is caught up at its beginning', async () => {
    const fresh = await subject.open();
    const head = await fresh.head();
    const signal = AbortSignal.timeout(LIMIT_MS);
    for await (const delivery of fresh.subscribe({ after: head, signal })) {
      assert.equal(delivery, { kind: 'caught-up', position: head });
      break;
    }
    await fresh.close();
  });

  test('gives every event after a position once and in order, from any start', async () => {
    const stream = newStream();
    const before = await log.head();
    const events = upstreamsCreated(600);
    await log.append(stream, 'none', events);
    const stored = await caughtUp(log, stream, before);
    assert.equal(ids(stored), ids(events));
    assert.equal(ids(await caughtUp(log, stream, 0n)), ids(events));
    const middle = stored[299]?.position ?? 0n;
    assert.equal(ids(await caughtUp(log, stream, middle)), ids(events.slice(300)));
    for (const [index, event] of stored.entries()) {
      assert.ok(event.position > (stored[index - 1]?.position ?? before));
    }
  });

  test('goes on live and tells each time that it has caught up', async () => {
    const stream = newStream();
    const subscription = subscribed(await log.head());
    const first = await subscription.next();
    assert.is(first.value?.kind, 'caught-up');
    for (let round = 0; round < 5; round += 1) {
      const event = upstreamCreated();
      const next = subscription.next();
      const { position } = await log.append(stream, round === 0 ? 'none' : BigInt(round - 1), [event]);
      const delivery = (await next).value;
      assert.ok(delivery?.kind === 'event');
      assert.is(delivery.event.id, event.id);
      assert.is(delivery.event.position, position);
      assert.equal((await subscription.next()).value, { kind: 'caught-up', position });
    }
    await subscription.return?.();
  });

  test('is caught up also over events that the filter left out', async () => {
    const after = await log.head();
    const events = upstreamsCreated(3);
    await log.append(newStream(), 'none', [upstreamCreated()]);
    await log.append(streams.config(randomUUID()), 'none', events);
    const last = await log.append(newStream(), 'none', upstreamsCreated(400));
    const seen: string[] = [];
    const signal = AbortSignal.timeout(LIMIT_MS);
    for await (const delivery of log.subscribe({ after, categories: ['config', 'agent'], signal })) {
      if (delivery.kind === 'caught-up') {
        assert.is(delivery.position, last.position);
        break;
      }
      seen.push(delivery.event.id);
    }
    assert.equal(seen, ids(events));
  });

  test('ends without an error when its signal aborts, waiting or not', async () => {
    const abort = new AbortController();
    const subscription = subscribed(await log.head(), abort.signal);
    await subscription.next();
    const waiting = subscription.next();
    abort.abort();
    assert.is((await waiting).done, true);

    const other = new AbortController();
    let seen = 0;
    await log.append(newStream(), 'none', upstreamsCreated(10));
    for await (const _delivery of log.subscribe({ after: 0n, signal: other.signal })) {
      seen += 1;
      other.abort();
    }
    assert.is(seen, 1);
    const aborted = subscribed(0n, AbortSignal.abort());
    assert.is((await aborted.next()).done, true);
  });

  test('a slow consumer holds back only itself', async () => {
    const stream = newStream();
    const after = await log.head();
    const slow = subscribed(after);
    await slow.next();
    const events = upstreamsCreated(500);
    for (let index = 0; index < 500; index += 100) {
      const expected = index === 0 ? 'none' : BigInt(index - 1);
      await log.append(stream, expected, events.slice(index, index + 100));
    }
    assert.equal(ids(await caughtUp(log, stream, after)), ids(events));
    const seen: StoredEvent[] = [];
    while (seen.length < 500) {
      const { value } = await slow.next();
      if (value?.kind === 'event') {
        seen.push(value.event);
      }
    }
    assert.equal(ids(seen), ids(events));
    await slow.return?.();
  });

  test('refuses a reader that has seen more than the log holds', async () => {
    const ahead = subscribed((await log.head()) + 1_000_000_000n);
    assert.instance(await failure(ahead.next()), LogDamaged);
  });

  test('ends with an error when the log is closed under it', async () => {
    const other = await subject.open();
    const signal = AbortSignal.timeout(LIMIT_MS);
    const subscription = other.subscribe({ after: await other.head(), signal })[Symbol.asyncIterator]();
    await subscription.next();
    const waiting = failure(subscription.next());
    await other.close();
    assert.instance(await waiting, Unavailable);
  });

  test.run();
}
