// SPDX-License-Identifier: Apache-2.0
/**
 * The past in a large log: how long the records of so many events take, and then one resource at a moment, a list at a
 * moment, the moment of an instant, and a page of a history. The list is measured at its newest and at its oldest.
 *
 *   node dist/bench/history.js [events = 100000] [resources = 1000]
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventLog, memoryLog, type RawEvent } from '../event-log/index.js';
import { pace, streams, systemClock, systemRandom, systemTimers, timestamp } from '../kernel/index.js';
import { event, id, upstream } from '../projections/facts.harness.js';
import {
  positionAt,
  projectionRunner,
  reader,
  readModels,
  standing,
  standingAll,
} from '../projections/index.js';
import { sqliteReadStore } from '../read-store/sqlite/index.js';

const EVENTS = Number(process.argv[2] ?? 100_000);
const RESOURCES = Number(process.argv[3] ?? 1_000);
const STEP = 500;
const WORKSPACE = id('workspace', 'w');
const START = Date.parse('2026-01-01T00:00:00Z');
const folder = mkdtempSync(join(tmpdir(), 'nxmesh-bench-'));
const alive = setInterval(() => {}, 1_000);

const raw = (n: number): RawEvent => {
  const one = upstream(`u${n % RESOURCES}`, 1, (n % 9) + 1);
  const made = event(
    n < RESOURCES
      ? { type: 'upstream.created', data: { upstream: one } }
      : { type: 'upstream.updated', data: { upstream: one, changed: ['servers'] } },
  );
  const meta = { ...made.meta, recorded_at: timestamp(START + n * 1_000), workspace_id: WORKSPACE };
  return { id: made.id, type: made.type, data: JSON.stringify(made.data), meta: JSON.stringify(meta) };
};

const adapter = memoryLog();
const stream = streams.workspace(WORKSPACE);
for (let from = 0; from < EVENTS; from += STEP) {
  const events = Array.from({ length: Math.min(STEP, EVENTS - from) }, (_, n) => raw(from + n));
  await adapter.append(stream, from === 0 ? 'none' : BigInt(from - 1), events);
}
const log = eventLog(adapter);
const head = await log.head();
const path = join(folder, 'read.db');
const store = sqliteReadStore({ path, clock: systemClock, hold: { timers: systemTimers, ms: 100 } });
const deps = { log, store, clock: systemClock, timers: systemTimers, random: systemRandom, owner: 'bench' };
const models = readModels.filter(({ name }) => name === 'records');
const started = performance.now();
const runner = projectionRunner(deps, models);
if (!(await runner.passed(head, 3_600_000))) {
  throw new Error('not caught up');
}
const seconds = (performance.now() - started) / 1_000;
await runner.stop();
console.log(`${EVENTS} events of ${RESOURCES} resources: ${Math.round(EVENTS / seconds)} records/s`);
console.log(`${(statSync(path).size / EVENTS).toFixed(0)} bytes a record`);

const read = reader(store, readModels);
async function measure(name: string, times: number, task: (n: number) => Promise<unknown>): Promise<void> {
  const durations: number[] = [];
  for (let n = 0; n < times; n++) {
    const before = performance.now();
    await task(n);
    durations.push(performance.now() - before);
  }
  durations.sort((a, b) => a - b);
  const at = (part: number): string => (durations[Math.floor(durations.length * part)] ?? 0).toFixed(3);
  console.log(`${name.padEnd(34)} median ${at(0.5)} ms, p99 ${at(0.99)} ms`);
}
const some = (n: number): bigint => (head * BigInt((n * 7919) % 1_000)) / 1_000n + 1n;
const resource = (n: number): string => id('upstream', `u${(n * 31) % RESOURCES}`);
await measure('one resource at a position', 1_000, (n) => standing(read, 'upstream', resource(n), some(n)));
await measure('the position of an instant', 1_000, (n) =>
  positionAt(read, timestamp(START + Number(some(n)) * 1_000)),
);
await measure('all resources, now', 10, () =>
  standingAll(read, WORKSPACE, 'upstream', head, pace(systemClock)),
);
await measure('all resources, half-way', 10, () =>
  standingAll(read, WORKSPACE, 'upstream', head / 2n, pace(systemClock)),
);
await measure('a page of a history', 200, (n) =>
  read.find('records', { where: { resource_id: resource(n) }, descending: true, limit: 20 }),
);
await store.close();
clearInterval(alive);
rmSync(folder, { recursive: true });
