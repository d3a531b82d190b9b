// SPDX-License-Identifier: Apache-2.0
import { type Db, MongoClient } from 'mongodb';
import { StoreUnusable } from '../errors.js';
import type { Control, Database, Intent, Meta, Registered, StoredDoc } from './database.js';
import { deadline } from './deadline.js';
import { translate, withoutSecrets } from './errors.js';
import { clientOptions, DEFAULT_TIMEOUT_MS, type MongoSettings } from './settings.js';

/** Grows when what `database.ts` describes changes; a read store is then made again from the log, never migrated. */
const SCHEMA_VERSION = 1;
const META = 'nxmesh';

function connection(settings: MongoSettings): MongoClient {
  if (!/^[A-Za-z0-9_-]{1,38}$/.test(settings.database)) {
    throw new StoreUnusable('unreadable', `not a name for a database: ${settings.database}`);
  }
  const options = clientOptions(settings);
  try {
    return new MongoClient(settings.url, options);
  } catch (error) {
    const message = error instanceof Error ? withoutSecrets(error.message) : '';
    throw new StoreUnusable('unreadable', `connection string of the read store: ${message}`);
  }
}

/** Looks before it writes, so that a database that is not ours stays as it was. */
async function check(client: MongoClient, name: string, where: string): Promise<void> {
  const db = client.db(name);
  const meta = db.collection<Meta>(META);
  const marked = await meta.findOne({ _id: 'schema' });
  if (!marked) {
    const others = await db.listCollections({}, { nameOnly: true }).toArray();
    // Another process may be starting too: it marks the database before it makes anything else.
    const strange = others.some((one) => one.name !== META && !one.name.startsWith('system.'));
    if (strange && !(await meta.findOne({ _id: 'schema' }))) {
      throw new StoreUnusable('foreign', `${where}: database ${name} belongs to another program`);
    }
    await meta.updateOne({ _id: 'schema' }, { $setOnInsert: { version: SCHEMA_VERSION } }, { upsert: true });
    return;
  }
  if (marked.version > SCHEMA_VERSION) {
    const message = `${where}: database ${name} was written by a newer version (schema ${marked.version})`;
    throw new StoreUnusable('newer', message);
  }
}

/** What every projection writes to. */
const SHARED = ['control', 'intents', 'collections', 'pointers'];

/**
 * Makes a collection ahead of the first write, which would make it by the way: several at once, and servers differ in
 * how well they take that. Another process may make it at the same time.
 */
async function make(db: Db, name: string): Promise<void> {
  try {
    await db.createCollection(name);
  } catch (error) {
    const there = await db.listCollections({ name }, { nameOnly: true }).toArray();
    if (there.length === 0) {
      throw error;
    }
  }
}

/** Errors: `StoreUnusable` with the reason; `StoreUnavailable` when the server does not answer in time. */
export async function openDatabase(settings: MongoSettings): Promise<Database> {
  const client = connection(settings);
  const where = client.options.hosts?.map(String).join(',') || (client.options.srvHost ?? 'MongoDB');
  const bound = deadline(settings.timers, where, settings.timeoutMs ?? DEFAULT_TIMEOUT_MS);
  const prepare = async (): Promise<Database> => {
    await client.connect();
    const db = client.db(settings.database);
    const hello = (): Promise<{ localTime: Date; setName?: string; msg?: string }> =>
      db.admin().command({ hello: 1 }) as Promise<{ localTime: Date; setName?: string; msg?: string }>;
    await check(client, settings.database, where);
    const { setName, msg } = await hello();
    for (const name of SHARED) {
      await make(db, name);
    }
    const intents = db.collection<Intent>('intents');
    await intents.createIndex({ intent: 1, _id: 1 });
    return {
      client,
      where,
      // A member of a replica set, or a router before several: a server alone has none.
      transactions: setName !== undefined || msg === 'isdbgrid',
      db,
      control: db.collection<Control>('control'),
      intents,
      registry: db.collection<Registered>('collections'),
      pointers: db.collection('pointers'),
      docs: (physical) => db.collection<StoredDoc>(physical),
      now: async () => (await hello()).localTime.getTime(),
      deadline: bound,
    };
  };
  try {
    return await bound(prepare());
  } catch (error) {
    await client.close().catch(() => {});
    throw translate(where, error);
  }
}
