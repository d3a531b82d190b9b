// SPDX-License-Identifier: Apache-2.0
/** Random interleavings of several writers, on both adapters, against a model that appends one after the other. */
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { NewEvent } from '../../schemas/index.js';
import { newStream, readAll, upstreamsCreated } from '../contract/subject.harness.js';
import { type EventLog, type Expected, eventLog, memoryLog, VersionConflict } from '../index.js';
import { newLogPath } from './folder.harness.js';
import { sqliteLog } from './index.js';

const STREAMS = 3;

/** `expected` is off by `off` from the stream's head; `again` repeats an earlier append instead. */
const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      stream: fc.nat(STREAMS - 1),
      count: fc.integer({ min: 1, max: 4 }),
      off: fc.constantFrom(0, 0, 0, 0, -1, 1),
    }),
  },
  { weight: 2, arbitrary: fc.record({ again: fc.nat(50) }) },
  { weight: 1, arbitrary: fc.record({ crossed: fc.nat(50), stream: fc.nat(STREAMS - 1) }) },
  { weight: 2, arbitrary: fc.constant('settle' as const) },
);

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

interface Call {
  readonly stream: string;
  readonly expected: Expected;
  readonly events: readonly NewEvent[];
}

/** What the port promises, in its simplest form. */
function model() {
  const streams = new Map<string, string[]>();
  const order: string[] = [];
  return {
    order,
    head: (stream: string): number => (streams.get(stream)?.length ?? 0) - 1,
    append({ stream, expected, events }: Call): string {
      const stored = streams.get(stream) ?? [];
      const first = expected === 'none' ? 0 : Number(expected) + 1;
      const ids = events.map((event) => event.id);
      if (ids.some((id) => order.includes(id))) {
        const same = ids.every((id, index) => stored[first + index] === id);
        return same ? `revision ${first + ids.length - 1}` : `conflict ${stored.length - 1}`;
      }
      if (first !== stored.length) {
        return `conflict ${stored.length - 1}`;
      }
      streams.set(stream, [...stored, ...ids]);
      order.push(...ids);
      return `revision ${first + ids.length - 1}`;
    },
  };
}

async function outcome(log: EventLog, call: Call): Promise<string> {
  try {
    return `revision ${(await log.append(call.stream, call.expected, call.events)).revision}`;
  } catch (error) {
    assert.instance(error, VersionConflict);
    const { actual } = error as VersionConflict;
    return `conflict ${actual === 'none' ? -1 : actual}`;
  }
}

async function check(log: EventLog, steps: readonly Step[]): Promise<void> {
  const names = Array.from({ length: STREAMS }, newStream);
  const truth = model();
  const calls: Call[] = [];
  const running: Promise<string>[] = [];
  const promised: string[] = [];
  const call = (one: Call): void => {
    calls.push(one);
    promised.push(truth.append(one));
    running.push(outcome(log, one));
  };
  for (const one of steps) {
    if (one === 'settle') {
      await Promise.all(running);
    } else if ('off' in one) {
      const stream = names[one.stream] ?? '';
      const head = truth.head(stream) + one.off;
      call({ stream, expected: head < 0 ? 'none' : BigInt(head), events: upstreamsCreated(one.count) });
    } else {
      const earlier = calls['again' in one ? one.again : one.crossed];
      if (earlier) {
        call('again' in one ? earlier : { ...earlier, stream: names[one.stream] ?? '' });
      }
    }
  }
  assert.equal(await Promise.all(running), promised);
  const seen: string[] = [];
  for await (const delivery of log.subscribe({ after: 0n, signal: AbortSignal.timeout(10_000) })) {
    if (delivery.kind === 'caught-up') {
      break;
    }
    seen.push(delivery.event.id);
  }
  assert.equal(seen, truth.order);
  for (const name of names) {
    assert.is((await readAll(log, name)).length, truth.head(name) + 1);
  }
}

const adapters = {
  memory: async () => eventLog(memoryLog()),
  sqlite: async () => eventLog(await sqliteLog(newLogPath())),
};

for (const [name, open] of Object.entries(adapters)) {
  test(`${name} answers as the model does`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 60 }), async (steps) => {
        const log = await open();
        try {
          await check(log, steps);
        } finally {
          await log.close();
        }
      }),
      { seed: 20_260_102, numRuns: 40 },
    );
  });
}

test.run();
