// SPDX-License-Identifier: Apache-2.0
import type { EventLog } from '../../event-log/index.js';
import { systemClock, systemTimers } from '../../kernel/index.js';
import { readModels, storedPassed } from '../../projections/index.js';
import { hashes, startRunner } from '../../projections/runner.harness.js';
import { memoryReadStore, type ReadStore } from '../../read-store/index.js';
import type { StoredEvent } from '../../schemas/index.js';
import { until } from '../harness/until.js';
import type { Trial } from './experiment.js';
import type { Plane } from './scene.js';

const CATCH_UP_MS = 60_000;
const STORED_MS = 120_000;

/** Every event after a position, up to the end as it is now. */
export async function readLog(
  log: EventLog,
  after = 0n,
  most = Number.POSITIVE_INFINITY,
): Promise<StoredEvent[]> {
  const events: StoredEvent[] = [];
  const stop = new AbortController();
  for await (const delivery of log.subscribe({ after, signal: stop.signal })) {
    if (delivery.kind === 'caught-up') {
      break;
    }
    events.push(delivery.event);
    if (events.length >= most) {
      break;
    }
  }
  stop.abort();
  return events;
}

function checkStreams(trial: Trial, events: readonly StoredEvent[]): void {
  const next = new Map<string, bigint>();
  const gaps: string[] = [];
  for (const { stream, revision } of events) {
    const expected = next.get(stream) ?? 0n;
    if (revision !== expected) {
      gaps.push(`${stream} has ${revision} where ${expected} is due`);
    }
    next.set(stream, revision + 1n);
  }
  trial.check('I2', gaps.length === 0, gaps.slice(0, 3).join('; '));
  const ids = new Set(events.map(({ id }) => id));
  trial.check('I2', ids.size === events.length, `${events.length - ids.size} events are there twice`);
}

/** Reads it in pieces that end anywhere, each from where the last one ended: the same events in the same order. */
async function checkFeed(trial: Trial, log: EventLog, events: readonly StoredEvent[]): Promise<void> {
  const ids: string[] = [];
  let after = 0n;
  for (;;) {
    const piece = await readLog(log, after, 1 + Math.floor(trial.random() * Math.max(20, events.length / 8)));
    if (piece.length === 0 || ids.length >= events.length) {
      break;
    }
    ids.push(...piece.map(({ id }) => id));
    after = piece.at(-1)?.position ?? after;
  }
  const same = events.every(({ id }, index) => ids[index] === id);
  trial.check('I6', same, 'a feed that is broken off and resumed gives other events');
  const ordered = events.every(
    ({ position }, index) => index === 0 || position > (events[index - 1]?.position ?? 0n),
  );
  trial.check('I6', ordered, 'positions do not grow');
}

/** The read models against those that a replay from scratch gives, by hash. */
export async function checkModels(trial: Trial, log: EventLog, store: ReadStore): Promise<void> {
  const fresh = memoryReadStore({ clock: systemClock });
  const runner = startRunner(log, fresh);
  const passed = await runner.passed(await log.head(), CATCH_UP_MS);
  await runner.stop();
  const expected = await hashes(fresh);
  if (trial.shape === 'embedded') {
    // What was not projected when the process ended is projected at its next start.
    const rest = startRunner(log, store);
    await rest.passed(await log.head(), CATCH_UP_MS);
    await rest.stop();
  }
  // A stand-in takes its time for what piled up: where they are is asked first, which costs it little.
  const head = await log.head();
  const waiting = storedPassed({ store, clock: systemClock, timers: systemTimers }, readModels);
  const started = performance.now();
  const caughtUp = await waiting(head, STORED_MS);
  trial.measure('read models caught up after', (performance.now() - started) / 1000, 's');
  let wrong: string[] = [];
  await until(
    'the read models have caught up',
    async () => {
      const found = await hashes(store);
      wrong = Object.keys(expected).filter((name) => found[name] !== expected[name]);
      return wrong.length === 0;
    },
    CATCH_UP_MS,
    200,
  ).catch(() => undefined);
  const places = await Promise.all(
    wrong.map(async (name) => `${name} at ${await store.checkpoint(name.split('/')[0] ?? '')} of ${head}`),
  );
  trial.check('I4', caughtUp, `they are behind the log's head after ${STORED_MS} ms`);
  trial.check('I4', passed && wrong.length === 0, `other than a replay gives: ${places.join(', ')}`);
}

const idOf = ({ data }: StoredEvent): string | undefined =>
  'upstream' in data ? data.upstream.id : undefined;

export interface Audit {
  /** Ids of upstreams whose creation was acknowledged. */
  readonly acknowledged?: readonly string[];
}

/** Looks into the log and the read store, which ends an embedded control plane. Gives the events. */
export async function audit(trial: Trial, plane: Plane, what: Audit = {}): Promise<readonly StoredEvent[]> {
  const { log, store, close } = await plane.open();
  try {
    const events = await readLog(log);
    checkStreams(trial, events);
    await checkFeed(trial, log, events);
    if (what.acknowledged) {
      const created = events.flatMap((event) =>
        event.type === 'upstream.created' ? (idOf(event) ?? []) : [],
      );
      const times = new Map<string, number>();
      for (const id of created) {
        times.set(id, (times.get(id) ?? 0) + 1);
      }
      const lost = what.acknowledged.filter((id) => times.get(id) !== 1);
      trial.check(
        'I1',
        lost.length === 0,
        `${lost.length} of ${what.acknowledged.length} acknowledged are not there once`,
      );
      trial.measure('acknowledged', what.acknowledged.length, 'commands');
    }
    await checkModels(trial, log, store);
    return events;
  } finally {
    await close();
  }
}
