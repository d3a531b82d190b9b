// SPDX-License-Identifier: Apache-2.0
/**
 * Replay of a million events of about 500 bytes through the port's subscription, as they are and each lifted by one
 * upcast, against reading the same rows and parsing their JSON; in turns, medians. `replay <events>` for fewer.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newStream, upstreamCreated } from '../event-log/contract/subject.harness.js';
import { type Catalogue, eventCatalogue, eventLog } from '../event-log/index.js';
import { openDatabase } from '../event-log/sqlite/database.js';
import { sqliteLog } from '../event-log/sqlite/index.js';
import { openStore } from '../event-log/sqlite/store.js';
import { systemClock } from '../kernel/index.js';
import { median, perSecond, ratio } from './figures.js';

const COUNT = Number(process.argv[2] ?? 1_000_000);
const STREAMS = 100;
const ROUNDS = 3;

function fill(path: string): void {
  const store = openStore(path, systemClock);
  const streams = Array.from({ length: STREAMS }, newStream);
  for (let made = 0; made < COUNT; made += STREAMS * 10) {
    const group = streams.map((stream) => ({
      stream,
      expected: made / STREAMS - 1,
      events: Array.from({ length: 10 }, (_, index) => {
        const { id, type, data, meta } = upstreamCreated(made + index);
        return { id, type, data: JSON.stringify(data), meta: JSON.stringify(meta) };
      }),
    }));
    store.take(group);
    store.commit();
    store.tidy();
  }
  store.close();
}

async function port(path: string, catalogue: Catalogue): Promise<number> {
  const log = eventLog(await sqliteLog(path), catalogue);
  const started = performance.now();
  let seen = 0;
  for await (const delivery of log.subscribe({ after: 0n, signal: new AbortController().signal })) {
    if (delivery.kind === 'caught-up') {
      break;
    }
    seen += delivery.event.type.length > 0 ? 1 : 0;
  }
  const seconds = (performance.now() - started) / 1000;
  await log.close();
  return seen / seconds;
}

function rows(path: string): number {
  const db = openDatabase(path, 'read-only');
  const statement = db.prepare(`SELECT e.position, s.name, e.revision, e.id, e.type, e.meta, e.data
    FROM events e CROSS JOIN streams s ON s.id = e.stream WHERE e.position > ? ORDER BY e.position LIMIT 1000`);
  const started = performance.now();
  let seen = 0;
  for (let batch = statement.all(0); batch.length > 0; batch = statement.all(seen)) {
    for (const row of batch) {
      const meta: unknown = JSON.parse(String(row[5]));
      const data: unknown = JSON.parse(String(row[6]));
      seen += meta !== data ? 1 : 0;
    }
  }
  const seconds = (performance.now() - started) / 1000;
  db.close();
  return seen / seconds;
}

const folder = mkdtempSync(join(tmpdir(), 'nxmesh-bench-'));
const path = join(folder, 'events.db');
fill(path);
const asStored = eventCatalogue();
const lifted = eventCatalogue((type) => (type === 'upstream.created' ? 2 : 1), {
  'upstream.created': { 1: (data) => ({ ...(data as object), note: null }) },
});
const found = { rows: [] as number[], port: [] as number[], lifted: [] as number[] };
for (let round = 0; round < ROUNDS; round += 1) {
  found.rows.push(rows(path));
  found.port.push(await port(path, asStored));
  found.lifted.push(await port(path, lifted));
}
rmSync(folder, { recursive: true, force: true });
const baseline = median(found.rows);
console.log(`${COUNT.toLocaleString('en')} rows with JSON.parse: ${perSecond(baseline)}`);
for (const [what, rates] of [
  ['port', found.port],
  ['port, every event upcast', found.lifted],
] as const) {
  const rate = median(rates);
  console.log(`${what}: ${perSecond(rate)}, ratio ${ratio(rate, baseline)} (target ≥ 0.70)`);
}
