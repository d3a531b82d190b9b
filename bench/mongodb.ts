// SPDX-License-Identifier: Apache-2.0
/**
 * Catch-up of one read model into MongoDB through the real runner, beside the driver's own `bulkWrite` of the same
 * documents, 1,000 a call, into a collection with the same indexes. The server is the one of the tests.
 *
 *   node dist/bench/mongodb.js [events] [rounds = 3]
 *
 * The stand-in looks through all documents for each one that it updates, so that its rates fall as they grow in number:
 * 1,000 events there, 20,000 on a real server when left out. The ratio is what counts.
 */
import { randomUUID } from 'node:crypto';
import { MongoClient } from 'mongodb';
import { eventLog, memoryLog, type RawEvent } from '../event-log/index.js';
import { streams, systemClock, systemRandom, systemTimers } from '../kernel/index.js';
import { event, id, virtualHost } from '../projections/facts.harness.js';
import { projectionRunner, readModels } from '../projections/index.js';
import type { Doc } from '../read-store/index.js';
import { mongoReadStore } from '../read-store/mongodb/index.js';
import { type Mongo, startMongo } from '../test/services/mongodb.js';
import { median, perSecond, ratio } from './figures.js';

const EVENTS = Number(process.argv[2] ?? (process.env['NXMESH_TEST_MONGODB_URL'] ? 20_000 : 1_000));
const ROUNDS = Number(process.argv[3] ?? 3);
const BATCH = 1_000;
const models = readModels.filter((model) => model.name === 'virtual-hosts');
const specs = models.flatMap((model) => model.collections);
const alive = setInterval(() => {}, 1_000);

/** Hosts that are all made once: no batch has one twice, so that both sides write as many documents. */
function history(): { stream: string; events: RawEvent[] } {
  const workspace_id = id('bench', 0);
  const events = Array.from({ length: EVENTS }, (_, n): RawEvent => {
    const virtual_host = { ...virtualHost(`k${n}`), workspace_id };
    const { id: eventId, type, data, meta } = event({ type: 'virtual_host.created', data: { virtual_host } });
    return { id: eventId, type, data: JSON.stringify(data), meta: JSON.stringify(meta) };
  });
  return { stream: streams.workspace(workspace_id), events };
}

const fresh = (mongo: Mongo) => ({
  url: mongo.url,
  database: `nxmesh_${randomUUID().slice(0, 13)}`,
  timers: systemTimers,
});

/** Seconds until the read model is live at the log's head, and its documents. */
async function ours(
  mongo: Mongo,
  log: ReturnType<typeof eventLog>,
): Promise<{ seconds: number; docs: readonly Doc[] }> {
  const settings = fresh(mongo);
  const store = await mongoReadStore({ ...settings, timeoutMs: 60_000 });
  const head = await log.head();
  const started = performance.now();
  const deps = { log, store, clock: systemClock, timers: systemTimers, random: systemRandom, owner: 'bench' };
  const runner = projectionRunner(deps, models, { leaseTtlMs: 60_000, batchSize: BATCH });
  if (!(await runner.passed(head, 600_000))) {
    throw new Error((await runner.status()).map((one) => `${one.name} ${one.state} ${one.error}`).join('\n'));
  }
  const seconds = (performance.now() - started) / 1_000;
  await runner.stop();
  const [model] = models;
  const { items } = await store.find(`${model?.name}.v${model?.version}/${specs[0]?.name}`);
  await store.close();
  await remove(mongo, settings.database);
  return { seconds, docs: items };
}

async function remove(mongo: Mongo, database: string): Promise<void> {
  const client = new MongoClient(mongo.url);
  await client.db(database).dropDatabase();
  await client.close();
}

/** Seconds for the documents alone. */
async function bare(mongo: Mongo, docs: readonly Doc[]): Promise<number> {
  const { database } = fresh(mongo);
  const client = new MongoClient(mongo.url);
  const collection = client.db(database).collection<{ _id: string }>('docs');
  const scope = specs[0]?.indexes[0] ?? '';
  for (const field of specs[0]?.indexes ?? []) {
    await collection.createIndex({ [field]: 1, _id: 1 });
    if (field !== scope) {
      await collection.createIndex({ [scope]: 1, [field]: 1, _id: 1 });
    }
  }
  const started = performance.now();
  for (let from = 0; from < docs.length; from += BATCH) {
    const writes = docs.slice(from, from + BATCH).map(({ id: _id, ...doc }) => {
      return { replaceOne: { filter: { _id }, replacement: doc, upsert: true } };
    });
    await collection.bulkWrite(writes, { ordered: false });
  }
  const seconds = (performance.now() - started) / 1_000;
  await client.close();
  await remove(mongo, database);
  return seconds;
}

const mongo = await startMongo();
if (mongo) {
  const log = memoryLog();
  const { stream, events } = history();
  for (let from = 0; from < events.length; from += 500) {
    await log.append(stream, from === 0 ? 'none' : BigInt(from - 1), events.slice(from, from + 500));
  }
  const [baseline, measured]: [number[], number[]] = [[], []];
  let { docs } = await ours(mongo, eventLog(log));
  console.log(`${EVENTS} events, ${docs.length} documents, ${ROUNDS} rounds on ${mongo.name}`);
  for (let round = 0; round < ROUNDS; round++) {
    baseline.push(docs.length / (await bare(mongo, docs)));
    const one = await ours(mongo, eventLog(log));
    docs = one.docs;
    measured.push(docs.length / one.seconds);
  }
  const [base, mine] = [median(baseline), median(measured)];
  console.log(`bare bulkWrite   ${perSecond(base).padStart(10)} documents`);
  console.log(
    `catch-up         ${perSecond(mine).padStart(10)} documents   ${ratio(mine, base)} (goal 0.60)`,
  );
  await mongo.stop();
}
clearInterval(alive);
