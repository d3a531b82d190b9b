// SPDX-License-Identifier: Apache-2.0
/**
 * Appends a second on 64 streams, and events a second of a subscription that catches up: the adapter beside the bare
 * client doing the same, in turns, against one double in a process of its own; medians. The bare client appends call by
 * call as the adapter must, and once more through its shared call, for comparison. Ratios of speed and of CPU time.
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

/** How fast, and how much of this process's CPU an event took: of a machine that others use too, the latter says more. */
interface Pace {
  readonly perSecond: number;
  readonly cpuMicros: number;
}

function watch(): (count: number) => Pace {
  const [started, before] = [performance.now(), process.cpuUsage()];
  return (count) => {
    const { user, system } = process.cpuUsage(before);
    return {
      perSecond: count / ((performance.now() - started) / 1_000),
      cpuMicros: (user + system) / count,
    };
  };
}

async function appends<E>(target: Target<E>): Promise<Pace> {
  const work = Array.from({ length: STREAMS }, () => ({
    stream: newStream(),
    events: Array.from({ length: each }, (_, index) => target.made(upstreamCreated(index))),
  }));
  const pace = watch();
  await Promise.all(
    work.map(async ({ stream, events: all }) => {
      for (const [index, event] of all.entries()) {
        await target.append(stream, index, event);
      }
    }),
  );
  return pace(STREAMS * each);
}

async function oursCatchesUp(log: LogAdapter): Promise<Pace> {
  let count = 0;
  const pace = watch();
  for await (const delivery of log.subscribe({ after: 0n, signal: AbortSignal.timeout(120_000) })) {
    if (delivery.kind === 'caught-up') {
      break;
    }
    count += delivery.events.length;
  }
  return pace(count);
}

async function bareCatchesUp(client: Client): Promise<Pace> {
  const prefixes = CATEGORIES.map((category) => `${category}-`);
  const subscription = client.subscribeToAll({ filter: streamNameFilter({ prefixes }) });
  let count = 0;
  const pace = watch();
  await new Promise<void>((resolve, reject) => {
    subscription.on('data', () => (count += 1));
    subscription.on('caughtUp', () => resolve());
    subscription.on('error', reject);
  });
  const seen = pace(count);
  await subscription.unsubscribe();
  return seen;
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
  const found = { ours: [], single: [], batch: [], reads: [], bareReads: [] } as Record<string, Pace[]>;
  const note = (name: string, pace: Pace): number | undefined => found[name]?.push(pace);
  await withDouble(async (connectionString) => {
    const log = await eventStoreDbLog({ connectionString });
    const client = EventStoreDBClient.connectionString(connectionString);
    for (let round = 0; round <= rounds; round += 1) {
      const rates = {
        single: await appends(bare(client, { username: 'nobody', password: 'none' })),
        ours: await appends(ours(log)),
        batch: await appends(bare(client)),
      };
      for (const [name, pace] of Object.entries(round === 0 ? {} : rates)) {
        note(name, pace);
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
      for (const [name, pace] of Object.entries(round === 0 ? {} : rates)) {
        note(name, pace);
      }
    }
    await Promise.all([log.close(), client.dispose()]);
  });
  const all = (name: string, what: keyof Pace): number[] => (found[name] ?? []).map((pace) => pace[what]);
  const rate = (name: string): string => perSecond(median(all(name, 'perSecond')));
  const cpu = (name: string): string => `${median(all(name, 'cpuMicros')).toFixed(0)} µs`;
  /** Of rounds side by side: the machine may have other work in some of them. */
  const against = (above: readonly number[], below: readonly number[]): string =>
    ratio(median(above.map((value, round) => value / (below[round] ?? 0))), 1);
  const compared = (name: string, bare: string): string =>
    `adapter ${rate(name)}, bare client ${rate(bare)}, ratio ` +
    `${against(all(name, 'perSecond'), all(bare, 'perSecond'))} (target ≥ 0.80); CPU an event ${cpu(name)} against ` +
    `${cpu(bare)}, ratio ${against(all(bare, 'cpuMicros'), all(name, 'cpuMicros'))}`;
  console.log(
    `append, ${STREAMS} streams: ${compared('ours', 'single')}; through its shared call ${rate('batch')}`,
  );
  console.log(`subscribe, ${events} events: ${compared('reads', 'bareReads')}`);
}

if (process.argv[2] === 'double') {
  const { port } = await startDouble();
  process.send?.(port);
} else {
  await measure();
}
