// SPDX-License-Identifier: Apache-2.0
import { DatabaseSync, type DatabaseSyncInstance } from '@photostructure/sqlite';
import { StoreUnavailable, StoreUnusable } from '../errors.js';

export type Row = Readonly<Record<string, string | number | null>>;
export type Param = string | number;

/** One connection: every SQL text is prepared once, every error has a name. Synchronous. */
export interface Database {
  run(sql: string, ...params: readonly Param[]): number;
  get(sql: string, ...params: readonly Param[]): Row | undefined;
  all(sql: string, ...params: readonly Param[]): readonly Row[];
  iterate(sql: string, ...params: readonly Param[]): Iterable<Row>;
  exec(sql: string): void;
  inTransaction(): boolean;
  /** A file that is not `ours` is left as it was. */
  close(ours: boolean): void;
}

/** How long to wait for another connection's transaction. */
const BUSY_MS = 2_000;

// Primary result codes of SQLite, https://www.sqlite.org/rescode.html
const [BUSY, LOCKED, READONLY, IOERR, CORRUPT, FULL, CANTOPEN, NOTADB] = [5, 6, 8, 10, 11, 13, 14, 26];

/** What an error of SQLite means to us; anything else is a mistake in our own SQL and stays as it is. */
function translate(path: string, error: unknown): unknown {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') {
    return error;
  }
  switch (error.errcode & 0xff) {
    case BUSY:
    case LOCKED:
    case READONLY:
    case FULL:
      return new StoreUnavailable(`${path}: ${error.message}`, { cause: error });
    case CORRUPT:
      return new StoreUnusable('damaged', `${path} is damaged: ${error.message}`, { cause: error });
    case NOTADB:
      return new StoreUnusable('foreign', `${path} is not a database`, { cause: error });
    case IOERR:
    case CANTOPEN:
      return new StoreUnusable('unreadable', `${path}: ${error.message}`, { cause: error });
    default:
      return error;
  }
}

/** `shared`: other connections use the file too, and are waited for; otherwise this one locks it for itself. */
export function openDatabase(path: string, shared: boolean): Database {
  const tidy = shared ? 'PRAGMA wal_checkpoint(TRUNCATE)' : 'PRAGMA journal_mode = DELETE';
  const letGo = ['PRAGMA locking_mode = NORMAL', 'SELECT count(*) FROM sqlite_schema'];
  const guard = <T>(task: () => T): T => {
    try {
      return task();
    } catch (error) {
      throw translate(path, error);
    }
  };
  const db: DatabaseSyncInstance = guard(
    () => new DatabaseSync(path, { timeout: shared ? BUSY_MS : 0, defensive: true }),
  );
  guard(() => db.exec(`PRAGMA locking_mode = ${shared ? 'NORMAL' : 'EXCLUSIVE'}`));
  const statements = new Map<string, ReturnType<DatabaseSyncInstance['prepare']>>();
  const prepared = (sql: string): ReturnType<DatabaseSyncInstance['prepare']> => {
    const known = statements.get(sql);
    if (known) {
      return known;
    }
    const made = db.prepare(sql);
    statements.set(sql, made);
    return made;
  };

  return {
    run: (sql, ...params) => guard(() => prepared(sql).run(...params).changes),
    get: (sql, ...params) => guard(() => prepared(sql).get(...params) as Row | undefined),
    all: (sql, ...params) => guard(() => prepared(sql).all(...params) as Row[]),
    // Not from the cache: an iteration that is left half done would hold a shared statement.
    iterate: (sql, ...params) => guard(() => db.prepare(sql).iterate(...params) as Iterable<Row>),
    exec: (sql) => guard(() => db.exec(sql)),
    inTransaction: () => db.isTransaction,
    close: (ours) => {
      if (!db.isOpen) {
        return;
      }
      // The library finalizes statements only when they are collected, and SQLite keeps the file locked until then:
      // the lock is given back by hand.
      for (const sql of ours ? [tidy, ...letGo] : letGo) {
        try {
          db.exec(sql);
        } catch {
          // A damaged file cannot be tidied; closing it is all that is left.
        }
      }
      statements.clear();
      db.close();
    },
  };
}
