// SPDX-License-Identifier: Apache-2.0
import { existsSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Command } from 'commander';
import { systemClock, systemRandom, systemTimers } from '../kernel/index.js';
import type { ReadStore } from '../read-store/index.js';
import { copyVault, masterKey } from '../vault/index.js';
import { BadSetting } from './bad-setting.js';
import { fileIn, newFileIn } from './data-place.js';
import { progressLine } from './progress-line.js';

interface Given {
  readonly masterKeyFile?: string;
  readonly targetMasterKeyFile?: string;
  readonly mongodbDatabase: string;
}

interface Opened {
  readonly store: ReadStore;
  close(): Promise<void>;
}

const isServer = (place: string): boolean => /^mongodb(\+srv)?:\/\//.test(place);
const isFolder = (place: string): boolean => existsSync(place) && statSync(place).isDirectory();
const VAULT = 'vault.db';

/** Whoever has a data folder's log has its vault: a control plane that runs on it is named, and kept out meanwhile. */
async function holdFolder(place: string): Promise<() => Promise<void>> {
  const events = join(place, 'events.db');
  if (!isFolder(place) || !existsSync(events)) {
    return async () => {};
  }
  const { sqliteLog } = await import('../event-log/sqlite/index.js');
  const log = await sqliteLog(events);
  return () => log.close();
}

async function openVaultStore(place: string, database: string): Promise<Opened> {
  if (isServer(place)) {
    const { mongoReadStore } = await import('../read-store/mongodb/index.js');
    const store = await mongoReadStore({ url: place, database, timers: systemTimers });
    return { store, close: () => store.close() };
  }
  const { sqliteReadStore } = await import('../read-store/sqlite/index.js');
  const release = await holdFolder(place);
  const store = sqliteReadStore({ path: newFileIn(place, VAULT), clock: systemClock, durable: true });
  return {
    store,
    close: async () => {
      await store.close();
      await release();
    },
  };
}

/** Where the key of a place is, unless somebody says so: beside the vault, as `serve` makes it. */
function keyOf(place: string, file: string | undefined, option: string) {
  const path = file ?? (isFolder(place) ? join(place, 'master.key') : undefined);
  if (path === undefined) {
    throw new BadSetting(`${option}: which file holds the master key?`);
  }
  return masterKey({ path: resolve(path), create: false, random: systemRandom });
}

const copy = new Command('copy')
  .argument('<from>', 'vault.db, the data folder, or mongodb://…')
  .argument('<to>', 'the same; an empty vault, or one that a copy was begun in')
  .option('--master-key-file <file>', "opens the source; master.key of the source's folder when left out")
  .option('--target-master-key-file <file>', 'is to open the copy; the same key when left out')
  .option('--mongodb-database <name>', 'database in MongoDB', 'nxmesh')
  .description('copy the secrets of a control plane that does not run; may be stopped and started again')
  .action(async (from: string, to: string, given: Given) => {
    if (!isServer(from) && !existsSync(fileIn(from, VAULT))) {
      throw new BadSetting(`${fileIn(from, VAULT)}: there is no vault`);
    }
    const key = keyOf(from, given.masterKeyFile, 'master-key-file');
    const { targetMasterKeyFile } = given;
    const targetKey =
      targetMasterKeyFile === undefined ? key : keyOf(to, targetMasterKeyFile, 'target-master-key-file');
    const source = await openVaultStore(from, given.mongodbDatabase);
    const target = await openVaultStore(to, given.mongodbDatabase);
    const ending = new AbortController();
    process.once('SIGINT', () => ending.abort(new BadSetting('stopped; start it again to go on')));
    const line = progressLine('secrets');
    const report = await copyVault(
      { store: source.store, masterKey: key },
      { store: target.store, masterKey: targetKey },
      { random: systemRandom, signal: ending.signal, progress: line.show },
    );
    line.end();
    console.log(JSON.stringify(report));
    await Promise.all([source.close(), target.close()]);
  });

/** `nxmesh vault …` */
export const vaultCommand = (): Command =>
  new Command('vault').description('copy the secrets that stand outside the log').addCommand(copy);
