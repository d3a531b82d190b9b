// SPDX-License-Identifier: Apache-2.0
import { randomUUID } from 'node:crypto';
import { MongoClient } from 'mongodb';
import { suite } from 'uvu';
import { systemTimers } from '../../kernel/index.js';
import { type Mongo, startMongo } from '../../test/services/mongodb.js';
import type { ReadStore } from '../index.js';
import { mongoReadStore } from './index.js';
import { openDatabase } from './open.js';
import type { MongoSettings } from './settings.js';
import { storeOn } from './store.js';

/** A database of the test's own, with a client that looks behind the adapter. */
export interface Scratch {
  readonly settings: MongoSettings;
  readonly raw: MongoClient;
  open(): Promise<ReadStore>;
  /** Speaks as to a deployment with transactions, whether it is one or not. */
  openAsReplicaSet(): Promise<ReadStore>;
  /** Lets this much time pass for every lease. */
  elapse(ms: number): Promise<void>;
  dispose(): Promise<void>;
}

export function scratch(mongo: Mongo, timeoutMs = 10_000): Scratch {
  const database = `nxmesh_${randomUUID().replaceAll('-', '').slice(0, 20)}`;
  const settings = { url: mongo.url, database, timeoutMs, timers: systemTimers };
  const raw = new MongoClient(mongo.url);
  const opened: ReadStore[] = [];
  const remember = (store: ReadStore): ReadStore => {
    opened.push(store);
    return store;
  };
  return {
    settings,
    raw,
    open: async () => remember(await mongoReadStore(settings)),
    openAsReplicaSet: async () =>
      remember(storeOn({ ...(await openDatabase(settings)), transactions: true })),
    elapse: async (ms) => {
      await raw
        .db(database)
        .collection('control')
        .updateMany({}, { $inc: { expires: -ms } });
    },
    dispose: async () => {
      await Promise.all(opened.map((store) => store.close()));
      await raw.db(database).dropDatabase();
      await raw.close();
    },
  };
}

/** Runs tests on the server that there is; where there is none, one test says that nothing was tested. */
export async function onMongo(title: string, tests: (server: Mongo) => void): Promise<void> {
  const mongo = await startMongo();
  if (mongo) {
    tests(mongo);
  }
  const last = suite(mongo ? `${title}: the server` : `${title}: SKIPPED, there is no server`);
  last('is ended', async () => mongo?.stop());
  last.run();
}
