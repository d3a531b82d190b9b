// SPDX-License-Identifier: Apache-2.0
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { EventLog, ReadOptions } from '../index.js';
import { newStream, readAll, type Subject, upstreamsCreated } from './subject.harness.js';

export function readContract(subject: Subject): void {
  const test = suite(`${subject.name}: read`);
  let log: EventLog;
  const stream = newStream();
  const count = 700;
  test.before(async () => {
    log = await subject.open();
    await log.append(stream, 'none', upstreamsCreated(count));
    await log.append(newStream(), 'none', upstreamsCreated(5));
  });
  test.after(() => log.close());

  const revisions = async (options?: ReadOptions): Promise<number[]> =>
    (await readAll(log, stream, options)).map((event) => Number(event.revision));
  const range = (from: number, to: number): number[] =>
    Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => from + index);

  test('gives a stream whole and in order', async () => {
    assert.equal(await revisions(), range(0, count - 1));
  });

  test('a stream that was never written is empty', async () => {
    assert.equal(await readAll(log, newStream()), []);
  });

  test('begins at `from`, ends at `to`, stops at `limit`', async () => {
    assert.equal(await revisions({ from: 690n }), range(690, 699));
    assert.equal(await revisions({ to: 3n }), range(0, 3));
    assert.equal(await revisions({ from: 5n, to: 5n }), [5]);
    assert.equal(await revisions({ from: 10n, limit: 300 }), range(10, 309));
    assert.equal(await revisions({ from: 10n, to: 12n, limit: 300 }), range(10, 12));
    assert.equal(await revisions({ from: 10n, to: 400n, limit: 2 }), [10, 11]);
    assert.equal(await revisions({ limit: 0 }), []);
    assert.equal(await revisions({ from: 700n }), []);
    assert.equal(await revisions({ from: 6n, to: 5n }), []);
  });

  test('may be left early', async () => {
    for await (const event of log.read(stream)) {
      if (event.revision === 300n) {
        break;
      }
    }
    assert.equal(await revisions({ limit: 1 }), [0]);
  });

  test.run();
}
