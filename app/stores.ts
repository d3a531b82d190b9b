/** Opens the log, the read store and the vault that the settings name. An adapter's library is loaded only when it is used. */
import { existsSync, mkdirSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { type EventLog, eventLog } from '../event-log/index.js';
import { type Clock, type Random, uuidv7 } from '../kernel/index.js';
import type { ReadStore } from '../read-store/index.js';
import { masterKey, openVault, type Vault } from '../vault/index.js';
import type { ServeSettings } from './settings.js';

export interface Stores {
  readonly events: EventLog;
  readonly readStore: ReadStore;
  readonly vault: Vault;
  readonly owner: string;
  close(): Promise<void>;
}

/**
 * An embedded log lets one process in, so that no other can hold a lease: under the same name the next process takes
 * it back at once after a crash.
 */
const EMBEDDED = 'embedded';

export async function openStores(
  settings: ServeSettings,
  { clock, random }: { clock: Clock; random: Random },
): Promise<Stores> {
  mkdirSync(settings.dataDir, { recursive: true, mode: 0o700 });
  const file = (name: string): string => join(settings.dataDir, name);
  const { sqliteLog } = await import('../event-log/sqlite/index.js');
  const events = eventLog(await sqliteLog(file('events.db'), { clock }));
  const { sqliteReadStore } = await import('../read-store/sqlite/index.js');
  const readStore = sqliteReadStore({ path: file('read.db'), clock, ifUnusable: 'replace' });
  // Only a new vault gets a new key: no other opens an old one.
  const master = masterKey({ path: settings.masterKeyFile, create: !existsSync(file('vault.db')), random });
  const vault = await openVault({
    store: sqliteReadStore({ path: file('vault.db'), clock, durable: true }),
    masterKey: master,
    random,
  });
  const owner = settings.distributed ? `${hostname()}/${process.pid}/${uuidv7(clock, random)}` : EMBEDDED;
  return {
    events,
    readStore,
    vault,
    owner,
    close: async () => {
      await Promise.all([readStore.close(), vault.close(), events.close()]);
    },
  };
}
