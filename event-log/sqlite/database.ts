// SPDX-License-Identifier: Apache-2.0
/**
 * The one place that knows the SQLite library. Its interface is that of `node:sqlite`, which may take its place.
 * Rows come as arrays, integers as numbers: positions and revisions stay far below 2^53.
 */
import { pathToFileURL } from 'node:url';
import { DatabaseSync } from '@photostructure/sqlite';

export type SqlValue = null | number | string | Uint8Array;
export type Row = readonly SqlValue[];

export interface Statement {
  run(...values: SqlValue[]): void;
  get(...values: SqlValue[]): Row | undefined;
  all(...values: SqlValue[]): Row[];
}

export interface Database {
  exec(sql: string): void;
  prepare(sql: string): Statement;
  close(): void;
}

export type Access =
  | 'read-write'
  | 'read-only'
  /** The file is known not to change; its write-ahead log is not looked at, and no file is made beside it. */
  | 'immutable';

/** How long a statement waits for another process's lock, ms. */
const BUSY_MS = 5000;

/** Opens a connection. `path` is absolute. Throws the library's errors: see `sqliteFault`. */
export function openDatabase(path: string, access: Access, busyMs: number = BUSY_MS): Database {
  const location = access === 'immutable' ? `${pathToFileURL(path).href}?immutable=1` : path;
  const db = new DatabaseSync(location, {
    readOnly: access !== 'read-write',
    timeout: busyMs,
    enableForeignKeyConstraints: false,
  });
  // FULL is not the library's default under WAL: without it a commit does not wait for the disk. It is a setting of
  // the connection, not of the file, so every connection states it.
  db.exec('PRAGMA synchronous = FULL; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON');
  return {
    exec: (sql) => db.exec(sql),
    prepare: (sql) => {
      const statement = db.prepare(sql);
      statement.setReturnArrays(true);
      return {
        run: (...values) => {
          statement.run(...values);
        },
        get: (...values) => statement.get(...values) as Row | undefined,
        all: (...values) => statement.all(...values) as Row[],
      };
    },
    close: () => db.close(),
  };
}

/** What SQLite said: its primary result code, the extended one and the system's `errno` where it told it. */
export interface SqliteFault {
  readonly code: number;
  readonly extended: number;
  readonly errno?: number;
}

export const SQLITE = {
  BUSY: 5,
  READONLY: 8,
  IOERR: 10,
  CORRUPT: 11,
  FULL: 13,
  CANTOPEN: 14,
  CONSTRAINT: 19,
  NOTADB: 26,
} as const;

export function sqliteFault(error: unknown): SqliteFault | undefined {
  if (!(error instanceof Error) || !('sqliteExtendedCode' in error)) {
    return undefined;
  }
  const extended = Number(error.sqliteExtendedCode);
  const errno = 'systemErrno' in error ? Number(error.systemErrno) : undefined;
  return { code: extended & 0xff, extended, ...(errno === undefined ? {} : { errno }) };
}
