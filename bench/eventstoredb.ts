// SPDX-License-Identifier: Apache-2.0
/**
 * Appends a second on 64 streams, and events a second of a subscription that catches up: the adapter beside the bare
 * client doing the same, in turns, against one double in a process of its own; medians. The bare client appends call by
 * call as the adapter must, and once more through its shared call, for comparison.
 *
 *   node dist/bench/eventstoredb.js [appends a stream = 150] [events = 20000] [rounds = 9]
 */
import { fork } from 'node:child_process';
import { EventStoreDBClient, jsonEvent, NO_STREAM, streamNameFilter } from '@eventstore/db-client';
import { newStream, upstreamCreated } from '../event-log/contract/subject.harness.js';
import { eventStoreDbLog } from '../event-log/eventstoredb/index.js';
import type { LogAdapter, RawEvent } from '../event-log/index.js';
import { CATEGORIES } from '../kernel/index.js';
import type { NewEvent } from '../schemas/index.js';
import { startDouble } from '../test/eventstoredb/index.js';
import { median, perSecond, ratio } from './figures.js';

const STREAMS = 64;
const [each = 150, events = 20_000, rounds = 9] = process.argv.slice(2).map(Number);
type Client = ReturnType<typeof EventStoreDBClient.connectionString>;
/** Events as the target takes them, made before the clock starts. */
interface Target<E> {
  made(event: NewEvent): E;
  append(stream: string, revision: number, event: E): Promise<unknown>;
}

const raw = ({ id, type, data, meta }: NewEvent): RawEvent => ({
  id,
  type,
  data: JSON.stringify(data),
  meta: JSON.stringify(meta),
});

const ours = (log: LogAdapter): Target<RawEvent> => ({
  made: raw,
  append: (stream, revision, event) =>
    log.append(stream, revision === 0 ? 'none' : BigInt(revision - 1), [event]),
});

const proposed = ({ id, type, data, meta }: NewEvent) =>
  jsonEvent({ id, type, data: { ...data }, metadata: { ...meta } });

const bare = (
  client: Client,
  credentials?: { username: string; password: string },
): Target<ReturnType<typeof proposed>> => ({
  made: proposed,
  append: (stream, revision, event) =>
    client.appendToStream(stream, event, {
      expectedRevision: revision === 0 ? NO_STREAM : BigInt(revision - 1),
      ...(credentials && { credentials }),
    }),
});

async function appends<E>(target: Target<E>): Promise<number> {
  const work = Array.from({ length: STREAMS }, () => ({
    stream: newStream(),
    events: Array.from({ length: each }, (_, index) => target.made(upstreamCreated(index))),
  }));
  const started = performance.now();
  await Promise.all(
    work.map(async ({ stream, events: all }) => {
      for (const [index, event] of all.entries()) {
        await target.append(stream, index, event);
      }
    }),
  );
  return (STREAMS * each) / ((performance.now() - started) / 1_000);
}

async function oursCatchesUp(log: LogAdapter): Promise<number> {
  let count = 0;
  const started = performance.now();
  for await (const delivery of log.subscribe({ after: 0n, signal: AbortSignal.timeout(120_000) })) {
    if (delivery.kind === 'caught-up') {
      break;
    }
    count += delivery.events.length;
  }
  return count / ((performance.now() - started) / 1_000);
}

async function bareCatchesUp(client: Client): Promise<number> {
  const prefixes = CATEGORIES.map((category) => `${category}-`);
  const subscription = client.subscribeToAll({ filter: streamNameFilter({ prefixes }) });
  let count = 0;
  const started = performance.now();
  await new Promise<void>((resolve, reject) => {
    subscription.on('data', () => (count += 1));
    subscription.on('caughtUp', () => resolve());
    subscription.on('error', reject);
  });
  const seconds = (performance.now() - started) / 1_000;
  await subscription.unsubscribe();
  return count / seconds;
}

async function fill(log: LogAdapter): Promise<void> {
  for (let stored = 0; stored < events; stored += 500) {
    const batch = Array.from({ length: Math.min(500, events - stored) }, (_, n) => raw(upstreamCreated(n)));
    await log.append(newStream(), 'none', batch);
  }
}

/** A double in another process, for one measurement after the other. */
async function withDouble<T>(task: (connectionString: string) => Promise<T>): Promise<T> {
  const child = fork(import.meta.filename, ['double']);
  try {
    const port = await new Promise<number>((resolve, reject) => {
      child.once('message', (message) => resolve(Number(message)));
      child.once('exit', () => reject(new Error('the double has ended')));
    });
    return await task(`esdb://127.0.0.1:${port}?tls=false`);
  } finally {
    child.kill();
  }
}

async function measure(): Promise<void> {
  const found = { ours: [], single: [], batch: [], reads: [], bareReads: [] } as Record<string, number[]>;
  const note = (name: string, rate: number): number | undefined => found[name]?.push(rate);
  await withDouble(async (connectionString) => {
    const log = await eventStoreDbLog({ connectionString });
    const client = EventStoreDBClient.connectionString(connectionString);
    for (let round = 0; round <= rounds; round += 1) {
      const rates = {
        single: await appends(bare(client, { username: 'nobody', password: 'none' })),
        ours: await appends(ours(log)),
        batch: await appends(bare(client)),
      };
      for (const [name, rate] of Object.entries(round === 0 ? {} : rates)) {
        note(name, rate);
      }
    }
    await Promise.all([log.close(), client.dispose()]);
  });
  await withDouble(async (connectionString) => {
    const log = await eventStoreDbLog({ connectionString });
    const client = EventStoreDBClient.connectionString(connectionString);
    await fill(log);
    for (let round = 0; round <= rounds; round += 1) {
      const rates = { bareReads: await bareCatchesUp(client), reads: await oursCatchesUp(log) };
      for (const [name, rate] of Object.entries(round === 0 ? {} : rates)) {
        note(name, rate);
      }
    }
    await Promise.all([log.close(), client.dispose()]);
  });
  const of = (name: string): number => median(found[name] ?? []);
  /** Of rounds side by side: the machine may have other work in some of them. */
  const against = (name: string, baseline: string): string =>
    ratio(median((found[name] ?? []).map((rate, round) => rate / (found[baseline]?.[round] ?? 0))), 1);
  console.log(
    `append, ${STREAMS} streams: adapter ${perSecond(of('ours'))}, bare client ${perSecond(of('single'))}, ratio ` +
      `${against('ours', 'single')} (target ≥ 0.80); through its shared call ${perSecond(of('batch'))}`,
  );
  console.log(
    `subscribe, ${events} events: adapter ${perSecond(of('reads'))}, bare client ${perSecond(of('bareReads'))}, ` +
      `ratio ${against('reads', 'bareReads')} (target ≥ 0.80)`,
  );
}

if (process.argv[2] === 'double') {
  const { port } = await startDouble();
  process.send?.(port);
} else {
  await measure();
}
