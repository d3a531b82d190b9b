// SPDX-License-Identifier: Apache-2.0
/** What is folded from the nearest place that is kept is what is folded from the beginning. */
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type ConfigState, configFold, evolveConfig, initialConfig, isComplete } from '../../domain/index.js';
import { type EventLog, eventLog, folds, memoryLog } from '../../event-log/index.js';
import { systemClock as clock, streams } from '../../kernel/index.js';
import type { ConfigEvent, ConfigFact, ConfigUpsert } from '../../schemas/index.js';
import * as make from '../facts.harness.js';

const WORKSPACE = make.id('workspace', 'w');
const STREAM = streams.config(WORKSPACE);
const KEYS = ['a', 'b', 'c', 'd', 'e', 'f'] as const;

/** A version: of each part, which resources it sets or removes. */
const version = fc.array(
  fc.array(fc.tuple(fc.constantFrom(...KEYS), fc.integer({ min: 0, max: 9 })), { maxLength: 3 }),
  { minLength: 1, maxLength: 3 },
);

function factsOf(number: number, parts: readonly (readonly (readonly [string, number])[])[]): ConfigFact[] {
  return parts.map((changes, index) => ({
    type: 'config.version_published',
    data: {
      workspace_id: WORKSPACE,
      version: number,
      part: index + 1,
      parts: parts.length,
      source_revision: String(number * 10),
      compiler_version: 1,
      upserts: changes
        .filter(([, n]) => n > 2)
        .map(
          ([key, n]): ConfigUpsert =>
            n % 2 === 0
              ? { kind: 'upstream', id: make.id(key), resource: make.upstream(key, 1, n) }
              : { kind: 'virtual_host', id: make.id(key), resource: make.virtualHost(key, 80 + n) },
        ),
      removes: changes
        .filter(([, n]) => n <= 2)
        .map(([key, n]) => ({ kind: n === 0 ? 'upstream' : 'virtual_host', id: make.id(key) })),
      targets: { all: make.digest(String(number)) },
      causes: [],
    },
  }));
}

/** Every event again, and every part only once its version is whole. */
async function fromScratch(log: EventLog, within: (event: ConfigEvent) => boolean): Promise<ConfigState> {
  const state = initialConfig();
  let parts: ConfigEvent[] = [];
  for await (const event of log.read(STREAM)) {
    if (!within(event as ConfigEvent)) {
      break;
    }
    parts.push(event as ConfigEvent);
    if (isComplete(event as ConfigEvent)) {
      for (const part of parts) {
        evolveConfig(state, part);
      }
      parts = [];
    }
  }
  return state;
}

const asked = fc.tuple(fc.boolean(), fc.nat(1_000));

async function holds(
  versions: readonly (readonly (readonly (readonly [string, number])[])[])[],
  questions: readonly (readonly [boolean, number])[],
  maxBytes: number,
): Promise<void> {
  const log = eventLog(memoryLog());
  const write = make.factWriter(log);
  const kept = folds({ log, clock }, configFold, { spacing: 3, maxBytes });
  const other = make.id('workspace', 'other');
  let written = 0;
  for (const [index, [byVersion, n]] of questions.entries()) {
    // The stream goes on while it is asked about.
    const upTo = Math.ceil(((index + 1) * versions.length) / questions.length);
    for (; written < upTo; written++) {
      await write(STREAM, ...factsOf(written + 1, versions[written] ?? []));
      await write(streams.config(other), ...factsOf(written + 1, versions[written] ?? []));
    }
    const place = byVersion ? n % (written + 2) : n % (Number(await log.head()) + 2);
    const within = (event: { version: number; position: bigint }): boolean =>
      byVersion ? event.version <= place : event.position <= BigInt(place);
    const [one, same] = await Promise.all([
      kept.upTo(STREAM, within),
      kept.upTo(STREAM, within),
      kept.upTo(streams.config(other), () => true),
    ]);
    const scratch = await fromScratch(log, ({ data, position }) =>
      within({ version: data.version, position }),
    );
    assert.equal(one.state.config, scratch);
    assert.equal(same.state.config, scratch);
    // It is the caller's own: what becomes of it is nothing to the next one.
    one.state.config.upstreams.clear();
    one.state.config.version = -1;
  }
}

test('any version and any position, in any order, however little is kept', async () => {
  const property = fc.asyncProperty(
    fc.array(version, { minLength: 1, maxLength: 25 }),
    fc.array(asked, { minLength: 1, maxLength: 8 }),
    fc.constantFrom(0, 4_000, 1_000_000),
    holds,
  );
  await fc.assert(property, { seed: 11, numRuns: 40 });
});

test('the second time it begins near by, and what is kept stays within its bounds', async () => {
  const log = eventLog(memoryLog());
  const write = make.factWriter(log);
  for (let number = 1; number <= 400; number++) {
    await write(STREAM, ...factsOf(number, [[['a', 3 + (number % 6)]]]));
  }
  let read = 0;
  const counting: Pick<EventLog, 'read'> = {
    read: async function* (stream, options) {
      for await (const event of log.read(stream, options)) {
        read += 1;
        yield event;
      }
    },
  };
  const readBy = async (kept: ReturnType<typeof folds<unknown, { version: number }>>, version: number) => {
    read = 0;
    await kept.upTo(STREAM, (mark) => mark.version <= version);
    return read;
  };
  const large = folds({ log: counting, clock }, configFold, { spacing: 10, maxBytes: 1e6 });
  assert.is(await readBy(large, 400), 400);
  assert.ok((await readBy(large, 395)) <= 10);
  assert.ok((await readBy(large, 57)) <= 10);
  const nothing = folds({ log: counting, clock }, configFold, { spacing: 10, maxBytes: 0 });
  await readBy(nothing, 400);
  assert.is(await readBy(nothing, 395), 396);
});

test.run();
