// SPDX-License-Identifier: Apache-2.0
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type EventLog, type Expected, VersionConflict } from '../index.js';
import { caughtUp, ids, newStream, readAll, type Subject, upstreamCreated } from './subject.harness.js';

export function concurrencyContract(subject: Subject): void {
  const test = suite(`${subject.name}: concurrency`);
  let log: EventLog;
  test.before(async () => {
    log = await subject.open();
  });
  test.after(() => log.close());

  test('of many writers with one expectation exactly one wins', async () => {
    const stream = newStream();
    let expected: Expected = 'none';
    for (let round = 0; round < 10; round += 1) {
      const results = await Promise.allSettled(
        Array.from({ length: 20 }, () => log.append(stream, expected, [upstreamCreated()])),
      );
      const won = results.filter((result) => result.status === 'fulfilled');
      const lost = results.filter((result) => result.status === 'rejected');
      assert.is(won.length, 1);
      assert.ok(
        lost.every(({ reason }) => reason instanceof VersionConflict && reason.actual === BigInt(round)),
      );
      expected = BigInt(round);
    }
    assert.is((await readAll(log, stream)).length, 10);
  });

  test('a conflict does not hurt the appends beside it', async () => {
    const taken = newStream();
    await log.append(taken, 'none', [upstreamCreated()]);
    const results = await Promise.allSettled(
      Array.from({ length: 40 }, (_, index) =>
        log.append(index % 2 === 0 ? newStream() : taken, 'none', [upstreamCreated(), upstreamCreated()]),
      ),
    );
    assert.equal(
      results.map((result) => result.status),
      results.map((_, index) => (index % 2 === 0 ? 'fulfilled' : 'rejected')),
    );
  });

  test('a writer that reads again after a conflict loses no update', async () => {
    const stream = newStream();
    const writer = async (): Promise<string[]> => {
      const stored: string[] = [];
      let expected: Expected = 'none';
      while (stored.length < 10) {
        const event = upstreamCreated();
        try {
          expected = (await log.append(stream, expected, [event])).revision;
          stored.push(event.id);
        } catch (error) {
          assert.instance(error, VersionConflict);
          expected = (error as VersionConflict).actual;
        }
      }
      return stored;
    };
    const stored = await Promise.all(Array.from({ length: 8 }, writer));
    const events = await readAll(log, stream);
    assert.equal(ids(events).sort(), stored.flat().sort());
    assert.equal(
      events.map((event) => event.revision),
      events.map((_, index) => BigInt(index)),
    );
  });

  test('a subscriber beside the writers sees the order that a replay sees', async () => {
    const after = await log.head();
    const names = Array.from({ length: 6 }, newStream);
    const writing = Promise.all(
      names.map(async (name) => {
        for (let index = 0; index < 30; index += 1) {
          await log.append(name, index === 0 ? 'none' : BigInt(index - 1), [upstreamCreated()]);
        }
      }),
    );
    const live: string[] = [];
    for await (const delivery of log.subscribe({ after, signal: AbortSignal.timeout(20_000) })) {
      if (delivery.kind === 'event' && names.includes(delivery.event.stream)) {
        live.push(delivery.event.id);
      }
      if (live.length === 180) {
        break;
      }
    }
    await writing;
    const replayed: string[] = [];
    for await (const delivery of log.subscribe({ after, signal: AbortSignal.timeout(20_000) })) {
      if (delivery.kind === 'caught-up') {
        break;
      }
      if (names.includes(delivery.event.stream)) {
        replayed.push(delivery.event.id);
      }
    }
    assert.equal(live, replayed);
    assert.equal(new Set(live).size, 180);
    for (const name of names) {
      assert.equal((await caughtUp(log, name, after)).length, 30);
    }
  });

  test.run();
}
