// SPDX-License-Identifier: Apache-2.0
import { closeSync, existsSync, openSync } from 'node:fs';
import { type Access, type Database, openDatabase, SQLITE, sqliteFault } from './database.js';
import { LogNotOpened } from './not-opened.js';

/**
 * One process at a time writes a log. The lock is the operating system's, on a file of its own and held through SQLite
 * for life: `kill -9` releases it, a stopped process keeps it, and a second one in the same process is seen as well.
 * (The lock file is never opened by other means: closing any descriptor of it would release the lock.)
 */
export interface Lock {
  release(): void;
}

/** For the writer. Throws `LogNotOpened` `IN_USE`. */
export function lockForWriting(path: string): Lock {
  if (!existsSync(path)) {
    closeSync(openSync(path, 'wx', 0o600));
  }
  return lock(path, 'read-write', 'PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
}

/** For tools that read a log at rest: keeps a writer from starting meanwhile, not other readers. */
export function lockForReading(path: string): Lock {
  return existsSync(path)
    ? lock(path, 'read-only', 'BEGIN; SELECT count(*) FROM sqlite_schema')
    : { release: () => undefined };
}

function lock(path: string, access: Access, statement: string): Lock {
  let db: Database | undefined;
  try {
    db = openDatabase(path, access, 0);
    db.exec(statement);
    const held = db;
    return { release: () => held.close() };
  } catch (error) {
    db?.close();
    if (sqliteFault(error)?.code === SQLITE.BUSY) {
      throw new LogNotOpened('IN_USE', path, '', { cause: error });
    }
    throw error;
  }
}
