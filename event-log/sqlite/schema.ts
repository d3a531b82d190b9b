// SPDX-License-Identifier: Apache-2.0
import type { Database } from './database.js';

/** Stands in the file's header: `NXML` in ASCII. */
export const APPLICATION_ID = 0x4e584d4c;
export const SCHEMA_VERSION = 1;
export const PAGE_SIZE = 4096;

/**
 * Positions are given by the writer, one more than the last: as nothing can be deleted, none is ever used again.
 * `hash` is the event's link in the chain (`chain.ts`).
 */
const TABLES = `
  CREATE TABLE streams (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    category TEXT NOT NULL
  ) STRICT;
  CREATE TABLE events (
    position INTEGER PRIMARY KEY,
    stream INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    id TEXT NOT NULL UNIQUE,
    type TEXT NOT NULL,
    hash BLOB NOT NULL,
    meta TEXT NOT NULL,
    data TEXT NOT NULL,
    UNIQUE (stream, revision)
  ) STRICT;
`;

const refuse = (table: string, what: 'UPDATE' | 'DELETE'): string => `
  CREATE TRIGGER ${table}_no_${what.toLowerCase()} BEFORE ${what} ON ${table}
  BEGIN SELECT RAISE(ABORT, 'the event log is append-only'); END;
`;

const TRIGGERS = ['events', 'streams'].flatMap((table) => [refuse(table, 'UPDATE'), refuse(table, 'DELETE')]);

/** Makes the tables of a new file, in one transaction: a crash leaves an empty file or a whole one. */
export function createSchema(db: Database): void {
  db.exec(`PRAGMA page_size = ${PAGE_SIZE}; PRAGMA journal_mode = WAL`);
  db.exec(
    `BEGIN IMMEDIATE;
     PRAGMA application_id = ${APPLICATION_ID};
     PRAGMA user_version = ${SCHEMA_VERSION};
     ${TABLES} ${TRIGGERS.join('')}
     COMMIT`,
  );
}
