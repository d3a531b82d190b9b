// SPDX-License-Identifier: Apache-2.0
import * as assert from 'uvu/assert';
import { type EventLog, eventLog, memoryLog } from '../../event-log/index.js';
import { type Position, streams, systemClock, systemRandom, systemTimers } from '../../kernel/index.js';
import { event, id, upstream } from '../../projections/facts.harness.js';
import { memoryReadStore, type ReadStore } from '../../read-store/index.js';
import { publicData, publishedTypes } from '../../schemas/index.js';
import { until } from '../../test/harness/until.js';
import type { Read } from '../../test/services/kafka-reader.js';
import { kafkaPublisher, type Publisher, type PublisherDeps } from './publisher.js';
import { checkpointName, type KafkaSettings } from './settings.js';

let topics = 0;
let owners = 0;

/** A topic name that nobody has used. */
export function freshTopic(): string {
  topics += 1;
  return `nxmesh-${process.pid}-${Date.now()}-${topics}`;
}

export interface World {
  readonly log: EventLog;
  readonly store: ReadStore;
  readonly topic: string;
  readonly settings: KafkaSettings;
  deps(change?: Partial<PublisherDeps>): PublisherDeps;
  publisher(change?: Partial<KafkaSettings>, deps?: Partial<PublisherDeps>): Publisher;
  /** Appends that many upstreams to each workspace, turn by turn. */
  append(count: number, workspaces?: number, padding?: number): Promise<Position>;
  checkpoint(): Promise<Position>;
}

/** An empty log and an empty store in memory, and a topic of its own. */
export function world(brokers: readonly string[], change: Partial<KafkaSettings> = {}): World {
  const log = eventLog(memoryLog());
  const store = memoryReadStore({ clock: systemClock });
  const topic = freshTopic();
  const settings: KafkaSettings = {
    brokers,
    topic,
    createTopics: { partitions: 3, replicationFactor: 1 },
    ...change,
  };
  const heads = new Map<string, bigint>();
  let names = 0;

  const deps: World['deps'] = (more = {}) => {
    owners += 1;
    const owner = `owner-${owners}`;
    const fixed = { clock: systemClock, timers: systemTimers, random: systemRandom, leaseTtlMs: 600 };
    return { log, store, owner, ...fixed, ...more };
  };

  return {
    log,
    store,
    topic,
    settings,
    deps,
    publisher: (more = {}, moreDeps = {}) => kafkaPublisher(deps(moreDeps), { ...settings, ...more }),
    append: async (count, workspaces = 5, padding = 0) => {
      let position = 0n;
      for (let n = 0; n < count; n++) {
        names += 1;
        const stream = streams.workspace(id('workspace', n % workspaces));
        const head = heads.get(stream);
        const made = upstream(`u${names}`, 2 + padding);
        const fact = { type: 'upstream.created', data: { upstream: made } } as const;
        const appended = await log.append(stream, head ?? 'none', [event(fact)]);
        heads.set(stream, appended.revision);
        position = appended.position;
      }
      return position;
    },
    checkpoint: () => store.checkpoint(checkpointName({ name: 'kafka', topic })),
  };
}

/** Waits until the publisher's checkpoint has passed the position. */
export async function passed(publisher: Publisher, position: Position, ms = 30_000): Promise<void> {
  await until(
    `published up to ${position}`,
    async () => {
      const status = await publisher.status();
      if (status.state === 'stopped') {
        throw new Error(`stopped: ${status.error}`);
      }
      return status.position >= position;
    },
    ms,
  );
}

/** The first copy of each event, in the order of their partition. */
export function firsts(read: readonly Read[]): readonly Read[] {
  const seen = new Set<string | undefined>();
  return read.filter(({ headers }) => {
    const ce_id = headers['ce_id'];
    const first = !seen.has(ce_id);
    seen.add(ce_id);
    return first;
  });
}

/** The topic holds exactly the log from a position on, each stream in one partition and in its order. */
export async function equalsLog(read: readonly Read[], log: EventLog, from: Position = 1n): Promise<void> {
  const expected = new Map<string, unknown[]>();
  const done = new AbortController();
  const after = from - 1n;
  for await (const delivery of log.subscribe({ after, types: publishedTypes, signal: done.signal })) {
    if (delivery.kind === 'caught-up') {
      break;
    }
    const { event: one } = delivery;
    expected.set(one.stream, [
      ...(expected.get(one.stream) ?? []),
      [one.id, String(one.revision), String(one.position), publicData(one)],
    ]);
  }
  const found = new Map<string, unknown[]>();
  const partitions = new Map<string, number>();
  for (const { key, headers, value, partition } of firsts(read)) {
    assert.is(partitions.get(key) ?? partition, partition, `${key} stands in one partition`);
    partitions.set(key, partition);
    found.set(key, [
      ...(found.get(key) ?? []),
      [headers['ce_id'], headers['ce_revision'], headers['ce_position'], value],
    ]);
  }
  const sorted = (map: Map<string, unknown[]>): unknown => [...map].sort(([a], [b]) => (a < b ? -1 : 1));
  assert.equal(sorted(found), sorted(expected));
}
