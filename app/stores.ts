// SPDX-License-Identifier: Apache-2.0
/** Opens the log, the read store and the vault that the settings name. An adapter's library is loaded only when it is used. */
import { existsSync, mkdirSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { type EventLog, eventLog, sharedLog } from '../event-log/index.js';
import { type Clock, type Random, type Timers, uuidv7 } from '../kernel/index.js';
import type { ReadStore } from '../read-store/index.js';
import { masterKey, openVault, type Vault } from '../vault/index.js';
import { awaitServers, type Server } from './await-servers.js';
import type { ServeSettings } from './settings.js';

export interface Stores {
  readonly events: EventLog;
  readonly readStore: ReadStore;
  readonly telemetryStore: ReadStore;
  readonly vault: Vault;
  /** Names this process among all that share the stores. */
  readonly owner: string;
  close(): Promise<void>;
}

interface Deps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly log: Pick<Logger, 'warn' | 'error'>;
}

/**
 * An embedded log lets one process in, so that no other can hold a lease: under the same name the next process takes
 * it back at once after a crash.
 */
const EMBEDDED = 'embedded';

/** So long the read models of an embedded control plane wait for their file: all that comes meanwhile is written at once. */
const HOLD_MS = 100;

export async function openStores(settings: ServeSettings, deps: Deps): Promise<Stores> {
  const { clock, random } = deps;
  mkdirSync(settings.dataDir, { recursive: true, mode: 0o700 });
  await awaitServers(await serversOf(settings, deps), deps);
  const events = await openLog(settings, deps);
  const readStore = await openReadStore(settings, deps);
  const telemetryStore = await openTelemetry(settings, deps, readStore);
  const secrets = await openSecrets(settings, deps, readStore);
  const vault = await openVault({ ...secrets, random });
  return {
    events,
    readStore,
    telemetryStore,
    vault,
    owner: settings.distributed ? `${hostname()}/${process.pid}/${uuidv7(clock, random)}` : EMBEDDED,
    close: async () => {
      await vault.close();
      await Promise.all([readStore.close(), telemetryStore.close(), events.close()]);
    },
  };
}

/** Those that the settings name, each looked at with a connection of its own. */
async function serversOf(settings: ServeSettings, deps: Deps): Promise<Server[]> {
  const servers: Server[] = [];
  if (settings.eventstoreUrl) {
    const { AccessRefused } = await import('../event-log/eventstoredb/index.js');
    const look = async (): Promise<void> => {
      const log = await openLog(settings, deps);
      try {
        await log.head();
      } finally {
        await log.close();
      }
    };
    servers.push({ name: 'EventStoreDB', look, isFinal: (error) => error instanceof AccessRefused });
  }
  if (settings.mongodbUrl) {
    servers.push({ name: 'MongoDB', look: async () => (await openReadStore(settings, deps)).close() });
  }
  return servers;
}

async function openLog(
  { dataDir, eventstoreUrl }: ServeSettings,
  { clock, timers, log }: Deps,
): Promise<EventLog> {
  if (eventstoreUrl) {
    const { eventStoreDbLog } = await import('../event-log/eventstoredb/index.js');
    const lost = (message: string): void =>
      log.warn({ error: message }, 'a subscription broke off; it goes on');
    return eventLog(await eventStoreDbLog({ connectionString: eventstoreUrl.reveal() }, { lost }));
  }
  const { sqliteLog } = await import('../event-log/sqlite/index.js');
  // One process does it all: what its parts follow live is read once for all of them.
  const damaged = (error: Error): void =>
    log.error(
      { error },
      'a stored event is not as it was written: run `nxmesh log verify`, restore a backup',
    );
  const adapter = await sqliteLog(join(dataDir, 'events.db'), { clock, scrub: { timers, damaged } });
  return sharedLog(eventLog(adapter));
}

async function openReadStore(
  { dataDir, mongodbUrl, mongodbDatabase }: ServeSettings,
  { clock, timers }: Deps,
): Promise<ReadStore> {
  if (mongodbUrl) {
    const { mongoReadStore } = await import('../read-store/mongodb/index.js');
    return mongoReadStore({ url: mongodbUrl.reveal(), database: mongodbDatabase, timers });
  }
  const { sqliteReadStore } = await import('../read-store/sqlite/index.js');
  const hold = { timers, ms: HOLD_MS };
  return sqliteReadStore({ path: join(dataDir, 'read.db'), clock, ifUnusable: 'replace', hold });
}

/**
 * Telemetry cannot be made again from the log, and is much and of little worth: in a file of its own it outlives the read
 * models, and a damaged one keeps nothing from starting.
 */
async function openTelemetry(
  { dataDir, mongodbUrl }: ServeSettings,
  { clock }: Deps,
  readStore: ReadStore,
): Promise<ReadStore> {
  if (mongodbUrl) {
    return { ...readStore, close: async () => {} };
  }
  const { sqliteReadStore } = await import('../read-store/sqlite/index.js');
  return sqliteReadStore({ path: join(dataDir, 'telemetry.db'), clock, ifUnusable: 'replace' });
}

/** Where the vault's records are, and the key that opens them. */
async function openSecrets(settings: ServeSettings, { clock, random }: Deps, readStore: ReadStore) {
  const { mongodbUrl, masterKeyFile: path } = settings;
  if (mongodbUrl) {
    // Several processes share the key: it is given to each, never made by one of them.
    const store = { ...readStore, close: async () => {} };
    return { store, masterKey: masterKey({ path, create: false, random }) };
  }
  const { sqliteReadStore } = await import('../read-store/sqlite/index.js');
  const file = join(settings.dataDir, 'vault.db');
  // Only a new vault gets a new key: no other opens an old one.
  const key = masterKey({ path, create: !existsSync(file), random });
  return { store: sqliteReadStore({ path: file, clock, durable: true }), masterKey: key };
}
