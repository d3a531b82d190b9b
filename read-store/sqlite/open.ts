// SPDX-License-Identifier: Apache-2.0
import { closeSync, openSync, rmSync } from 'node:fs';
import { errorMessage } from '../../kernel/index.js';
import { StoreUnavailable, StoreUnusable } from '../errors.js';
import { type Database, openDatabase } from './database.js';

/** Marks the file as ours: "NxRs". */
const APPLICATION_ID = 0x4e785273;
/** Grows when the tables below change; a read store is then made again from the log, never migrated. */
const SCHEMA_VERSION = 1;

const SCHEMA = `
  CREATE TABLE collections (number INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, indexes TEXT NOT NULL);
  CREATE TABLE checkpoints (projection TEXT PRIMARY KEY, position TEXT NOT NULL);
  CREATE TABLE pointers (projection TEXT PRIMARY KEY, version INTEGER NOT NULL);
  CREATE TABLE leases (name TEXT PRIMARY KEY, owner TEXT NOT NULL, epoch INTEGER NOT NULL,
    taken_at INTEGER NOT NULL, ttl_ms INTEGER NOT NULL);
  PRAGMA application_id = ${APPLICATION_ID};
  PRAGMA user_version = ${SCHEMA_VERSION};
`;

export interface SqliteFile {
  readonly path: string;
  /** For what cannot be made again: every write is on the disk before it is answered, and what it replaced is wiped. */
  readonly durable?: boolean;
  /** Other connections may use the file too. Otherwise this one holds it alone, and a second is told `locked`. */
  readonly shared?: boolean;
}

/** Removes a store and what SQLite keeps beside it. The log first: a log left beside a new file would be replayed into it. */
export function removeSqliteStore(path: string): void {
  for (const suffix of ['-wal', '-shm', '-journal', '']) {
    rmSync(path + suffix, { force: true });
  }
}

/** Looks before it writes, so that a file that is not ours stays as it was. */
function check(db: Database, path: string): 'empty' | 'ours' {
  const number = (pragma: string): unknown => Object.values(db.get(`PRAGMA ${pragma}`) ?? {})[0];
  const tables = db.get('SELECT count(*) AS n FROM sqlite_schema')?.n;
  const application = number('application_id');
  if (application === 0 && tables === 0) {
    return 'empty';
  }
  if (application !== APPLICATION_ID) {
    throw new StoreUnusable('foreign', `${path} belongs to another program`);
  }
  const version = Number(number('user_version'));
  if (version > SCHEMA_VERSION) {
    throw new StoreUnusable('newer', `${path} was written by a newer version (schema ${version})`);
  }
  const verdict = number('quick_check(1)');
  if (verdict !== 'ok') {
    throw new StoreUnusable('damaged', `${path} is damaged: ${String(verdict)}`);
  }
  return 'ours';
}

/** Errors: `StoreUnusable` with the reason. */
export function openFile(file: SqliteFile): Database {
  const { path } = file;
  try {
    // For its owner alone from the first moment; SQLite gives its log the same mode.
    closeSync(openSync(path, 'a', 0o600));
  } catch (error) {
    throw new StoreUnusable('unreadable', `${path}: ${errorMessage(error)}`, { cause: error });
  }
  const db = openDatabase(path, file.shared ?? false);
  try {
    const found = check(db, path);
    db.exec(`PRAGMA journal_mode = WAL`);
    // Without FULL a committed write can be lost at power loss: harmless for what is made from the log, fatal for keys.
    db.exec(`PRAGMA synchronous = ${file.durable ? 'FULL' : 'NORMAL'}`);
    db.exec(`PRAGMA secure_delete = ${file.durable ? 'ON' : 'OFF'}`);
    db.exec('PRAGMA cache_size = -32000');
    // In pages. Twice SQLite's own: pages that many writes touch are copied half as often, in some 25 ms at a time.
    db.exec('PRAGMA wal_autocheckpoint = 2000');
    if (found === 'empty') {
      db.exec(`BEGIN IMMEDIATE; ${SCHEMA}; COMMIT`);
    }
    if (!file.shared) {
      // Whoever held a lease is gone: only one process can have the file. Its epoch stays behind ours all the same.
      db.run('UPDATE leases SET ttl_ms = 0');
    }
    return db;
  } catch (error) {
    db.close(false);
    throw error instanceof StoreUnavailable && !file.shared
      ? new StoreUnusable('locked', `${path} is in use by another process, or read-only`, { cause: error })
      : error;
  }
}
