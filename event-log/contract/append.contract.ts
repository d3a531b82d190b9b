// SPDX-License-Identifier: Apache-2.0
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type EventLog, InvalidEvent, Unavailable, VersionConflict } from '../index.js';
import {
  failure,
  ids,
  newStream,
  readAll,
  type Subject,
  upstreamCreated,
  upstreamsCreated,
} from './subject.harness.js';

export function appendContract(subject: Subject): void {
  const test = suite(`${subject.name}: append`);
  let log: EventLog;
  test.before(async () => {
    log = await subject.open();
  });
  test.after(() => log.close());

  test('counts revisions from 0 and lets positions grow', async () => {
    const stream = newStream();
    const first = await log.append(stream, 'none', upstreamsCreated(2));
    const second = await log.append(stream, 1n, [upstreamCreated()]);
    assert.is(first.revision, 1n);
    assert.is(second.revision, 2n);
    assert.ok(second.position > first.position);
    const stored = await readAll(log, stream);
    assert.equal(
      stored.map((event) => event.revision),
      [0n, 1n, 2n],
    );
    assert.is(stored[1]?.position, first.position);
    assert.is(stored[2]?.position, second.position);
    assert.is(await log.head(), second.position);
  });

  test('refuses another head and says which one it is', async () => {
    const stream = newStream();
    const early = await failure(log.append(stream, 0n, [upstreamCreated()]));
    assert.instance(early, VersionConflict);
    assert.is((early as VersionConflict).actual, 'none');
    await log.append(stream, 'none', upstreamsCreated(3));
    for (const expected of ['none', 0n, 1n, 3n, 2n ** 60n] as const) {
      const error = await failure(log.append(stream, expected, [upstreamCreated()]));
      assert.instance(error, VersionConflict, `expected ${expected}`);
      assert.is((error as VersionConflict).actual, 2n);
      assert.is((error as VersionConflict).expected, expected);
      assert.is((error as VersionConflict).stream, stream);
    }
    assert.is((await readAll(log, stream)).length, 3);
  });

  test('stores the events of one call together', async () => {
    const stream = newStream();
    const events = upstreamsCreated(300);
    const { revision } = await log.append(stream, 'none', events);
    assert.is(revision, 299n);
    assert.equal(ids(await readAll(log, stream)), ids(events));
  });

  test('gives back what was put in', async () => {
    const stream = newStream();
    const event = upstreamCreated();
    await log.append(stream, 'none', [event]);
    const [stored] = await readAll(log, stream);
    assert.equal(stored?.data, event.data);
    assert.equal(stored?.meta, event.meta);
    assert.is(stored?.type, event.type);
    assert.is(stored?.stream, stream);
  });

  test('keeps text beyond ASCII', async () => {
    const event = upstreamCreated();
    const stream = newStream();
    const named = { ...event, meta: { ...event.meta, actor: 'user:Жœ😀\u2028"\\\n\u0000' } };
    await log.append(stream, 'none', [named]);
    assert.equal((await readAll(log, stream))[0]?.meta, named.meta);
  });

  test('stores nothing that its schema refuses', async () => {
    const stream = newStream();
    const event = upstreamCreated();
    const wrong = { ...event, data: { upstream: { ...event.data.upstream, keepalive_connections: -1 } } };
    assert.instance(await failure(log.append(stream, 'none', [upstreamCreated(), wrong])), InvalidEvent);
    assert.equal(await readAll(log, stream), []);
  });

  test('is unavailable once closed', async () => {
    const other = await subject.open();
    await other.close();
    assert.instance(await failure(other.append(newStream(), 'none', [upstreamCreated()])), Unavailable);
    await other.close();
  });

  if (subject.reopen) {
    const { reopen } = subject;
    test('keeps its events over a restart and goes on behind them', async () => {
      const stream = newStream();
      const first = await subject.open();
      const events = upstreamsCreated(3);
      const before = await first.append(stream, 'none', events);
      const second = await reopen(first);
      assert.is(await second.head(), before.position);
      const after = await second.append(stream, 2n, [upstreamCreated()]);
      assert.is(after.revision, 3n);
      assert.ok(after.position > before.position);
      assert.equal(ids((await readAll(second, stream)).slice(0, 3)), ids(events));
      await second.close();
    });
  }

  test.run();
}
