// SPDX-License-Identifier: Apache-2.0
/**
 * Catch-up of the read models: events a second from a log of desired state into the SQLite read store, through the
 * real runner, beside a bare loop that parses the same events and upserts the same documents 1,000 a transaction.
 *
 *   node dist/bench/catch-up.js [events = 100000] [rounds = 3]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';
import { eventLog, type LogAdapter, memoryLog, type RawEvent } from '../event-log/index.js';
import { sqliteLog } from '../event-log/sqlite/index.js';
import { streams, systemClock, systemRandom, systemTimers } from '../kernel/index.js';
import { event, id, upstream, virtualHost } from '../projections/facts.harness.js';
import { type Projection, projectionRunner, readModels } from '../projections/index.js';
import type { ReadStore } from '../read-store/index.js';
import { sqliteReadStore } from '../read-store/sqlite/index.js';
import type { Fact } from '../schemas/index.js';

const EVENTS = Number(process.argv[2] ?? 100_000);
const ROUNDS = Number(process.argv[3] ?? 3);
const folder = mkdtempSync(join(tmpdir(), 'nxmesh-bench-'));
const alive = setInterval(() => {}, 1_000);

/** Workspaces with 1,000 upstreams and 1,000 hosts each, all made once and changed once: no batch has one twice. */
function history(): { stream: string; events: RawEvent[] }[] {
  const workspaces = Math.ceil(EVENTS / 4_000);
  const raw = (fact: Fact): RawEvent => {
    const { id: eventId, type, data, meta } = event(fact);
    return { id: eventId, type, data: JSON.stringify(data), meta: JSON.stringify(meta) };
  };
  return Array.from({ length: workspaces }, (_, w) => {
    const workspace_id = id('bench', w);
    const facts = Array.from({ length: Math.ceil(EVENTS / workspaces) }, (_, n): Fact => {
      const k = `k${w}-${(n >> 1) % 1_000}`;
      const changed = ['name'];
      const made = n < 2_000;
      return n % 2 === 0
        ? made
          ? { type: 'upstream.created', data: { upstream: { ...upstream(k, 1), workspace_id } } }
          : {
              type: 'upstream.updated',
              data: { upstream: { ...upstream(k, 1, (n % 9) + 1), workspace_id }, changed },
            }
        : made
          ? { type: 'virtual_host.created', data: { virtual_host: { ...virtualHost(k), workspace_id } } }
          : {
              type: 'virtual_host.updated',
              data: { virtual_host: { ...virtualHost(k, n), workspace_id }, changed },
            };
    });
    return { stream: streams.workspace(workspace_id), events: facts.map(raw) };
  });
}

async function fill(adapter: LogAdapter, parts: ReturnType<typeof history>): Promise<void> {
  for (const { stream, events } of parts) {
    for (let from = 0; from < events.length; from += 500) {
      const expected = from === 0 ? 'none' : BigInt(from - 1);
      await adapter.append(stream, expected, events.slice(from, from + 500));
    }
  }
}

let files = 0;
function path(): string {
  files += 1;
  return join(folder, `${files}.db`);
}

/** Seconds until all of these read models are live at the log's head. */
async function catchUp(
  adapter: LogAdapter,
  store: ReadStore,
  projections: readonly Projection[],
): Promise<number> {
  const log = eventLog(adapter);
  const head = await log.head();
  const started = performance.now();
  const deps = { log, store, clock: systemClock, timers: systemTimers, random: systemRandom, owner: 'bench' };
  const runner = projectionRunner(deps, projections);
  if (!(await runner.passed(head, 600_000))) {
    throw new Error(
      JSON.stringify(await runner.status(), (_, value) => (typeof value === 'bigint' ? `${value}` : value)),
    );
  }
  const seconds = (performance.now() - started) / 1_000;
  await runner.stop();
  await store.close();
  return seconds;
}

/** Parse and upsert, 1,000 a transaction: the least that this machine needs for the same documents. */
function bare(parts: ReturnType<typeof history>, pick: (type: string) => boolean): number {
  const db = new DatabaseSync(path());
  db.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL');
  db.exec('CREATE TABLE docs (id TEXT PRIMARY KEY, doc TEXT NOT NULL)');
  const upsert = db.prepare(
    'INSERT INTO docs VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET doc = excluded.doc',
  );
  const started = performance.now();
  let count = 0;
  db.exec('BEGIN');
  for (const { events } of parts) {
    for (const raw of events) {
      const data = JSON.parse(raw.data) as Record<string, { id: string }>;
      const doc = data['upstream'] ?? data['virtual_host'];
      if (doc && pick(raw.type)) {
        upsert.run(doc.id, JSON.stringify(doc));
      }
      count += 1;
      if (count % 1_000 === 0) {
        db.exec('COMMIT; BEGIN');
      }
    }
  }
  db.exec('COMMIT');
  const seconds = (performance.now() - started) / 1_000;
  db.close();
  return seconds;
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;

const parts = history();
const total = parts.reduce((sum, { events }) => sum + events.length, 0);
const bytes = parts[0]?.events.reduce((sum, one) => sum + one.data.length + one.meta.length, 0) ?? 0;
const inMemory = memoryLog();
await fill(inMemory, parts);
const onDisk = await sqliteLog(path());
await fill(onDisk, parts);
console.log(
  `${total} events, ${Math.round(bytes / (parts[0]?.events.length ?? 1))} bytes each, ${ROUNDS} rounds`,
);

/** As an embedded control plane opens it. */
const sqlite = (): ReadStore =>
  sqliteReadStore({ path: path(), clock: systemClock, hold: { timers: systemTimers, ms: 100 } });
const one = readModels.filter((model) => model.name === 'virtual-hosts');
const ofHistory = readModels.filter((model) => model.name === 'records');
const measured: Record<string, number[]> = {};
const note = (name: string, seconds: number): void => {
  measured[name] = [...(measured[name] ?? []), total / seconds];
};
for (let round = 0; round < ROUNDS; round++) {
  note(
    'bare, every document',
    bare(parts, () => true),
  );
  note(
    'bare, virtual hosts',
    bare(parts, (type) => type.startsWith('virtual_host.')),
  );
  for (const [where, adapter] of [
    ['memory log', inMemory],
    ['sqlite log', onDisk],
  ] as const) {
    note(`${where} → one read model`, await catchUp(adapter, sqlite(), one));
    note(`${where} → the records`, await catchUp(adapter, sqlite(), ofHistory));
    note(`${where} → all ${readModels.length} read models`, await catchUp(adapter, sqlite(), readModels));
  }
}
const base = median(measured['bare, every document'] ?? []);
for (const [name, values] of Object.entries(measured)) {
  console.log(
    `${name.padEnd(32)} ${Math.round(median(values)).toString().padStart(8)} events/s  ${(median(values) / base).toFixed(2)}`,
  );
}
await onDisk.close();
clearInterval(alive);
rmSync(folder, { recursive: true });
