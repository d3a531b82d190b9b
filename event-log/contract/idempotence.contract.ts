// SPDX-License-Identifier: Apache-2.0
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type EventLog, VersionConflict } from '../index.js';
import {
  failure,
  ids,
  newStream,
  readAll,
  type Subject,
  upstreamCreated,
  upstreamsCreated,
} from './subject.harness.js';

export function idempotenceContract(subject: Subject): void {
  const test = suite(`${subject.name}: idempotence`);
  let log: EventLog;
  test.before(async () => {
    log = await subject.open();
  });
  test.after(() => log.close());

  test('the same append again gives the first answer, also when the stream has gone on', async () => {
    const stream = newStream();
    const events = upstreamsCreated(3);
    const first = await log.append(stream, 'none', events);
    assert.equal(await log.append(stream, 'none', events), first);
    const more = upstreamsCreated(2);
    const second = await log.append(stream, 2n, more);
    assert.equal(await log.append(stream, 'none', events), first);
    assert.equal(await log.append(stream, 2n, more), second);
    assert.equal(ids(await readAll(log, stream)), ids([...events, ...more]));
  });

  test('the same append twice at once is stored once', async () => {
    const stream = newStream();
    const events = upstreamsCreated(2);
    const answers = await Promise.all(Array.from({ length: 8 }, () => log.append(stream, 'none', events)));
    assert.ok(answers.every((answer) => answer.position === answers[0]?.position));
    assert.equal(ids(await readAll(log, stream)), ids(events));
  });

  test('the same events with another expectation are a conflict', async () => {
    const stream = newStream();
    const events = upstreamsCreated(2);
    await log.append(stream, 'none', events);
    await log.append(stream, 1n, [upstreamCreated()]);
    for (const expected of [0n, 1n, 2n]) {
      assert.instance(await failure(log.append(stream, expected, events)), VersionConflict);
    }
    assert.is((await readAll(log, stream)).length, 3);
  });

  test('a call that mixes known and new ids, or reorders, is refused whole', async () => {
    const stream = newStream();
    const [first, second, third] = upstreamsCreated(3);
    assert.ok(first && second && third);
    await log.append(stream, 'none', [first, second]);
    for (const mixed of [
      [first, third],
      [third, second],
      [second, first],
      [first, second, third],
    ]) {
      assert.instance(await failure(log.append(stream, 'none', mixed)), VersionConflict);
    }
    assert.instance(await failure(log.append(stream, 1n, [third, second])), VersionConflict);
    assert.equal(ids(await readAll(log, stream)), ids([first, second]));
  });

  test('an id that stands in another stream is a conflict', async () => {
    const event = upstreamCreated();
    await log.append(newStream(), 'none', [event]);
    const other = newStream();
    const error = await failure(log.append(other, 'none', [event]));
    assert.instance(error, VersionConflict);
    assert.is((error as VersionConflict).actual, 'none');
    assert.equal(await readAll(log, other), []);
    assert.is((await log.append(other, 'none', [upstreamCreated()])).revision, 0n);
  });

  if (subject.reopen) {
    const { reopen } = subject;
    test('the first answer is given also after a restart', async () => {
      const stream = newStream();
      const events = upstreamsCreated(2);
      const before = await subject.open();
      const first = await before.append(stream, 'none', events);
      const after = await reopen(before);
      assert.equal(await after.append(stream, 'none', events), first);
      assert.is((await readAll(after, stream)).length, 2);
      await after.close();
    });
  }

  test.run();
}
