// SPDX-License-Identifier: Apache-2.0
import { constants, copyFileSync, existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Database, openDatabase } from './database.js';
import type { LogFiles } from './files.js';
import { type Lock, lockForReading } from './lock.js';
import { LogNotOpened } from './not-opened.js';
import { named } from './preflight.js';

/** A look at a log that changes none of its files. */
export interface Look {
  /** A process has the log open; else none can open it until this is closed. */
  readonly inUse: boolean;
  open(): Database;
  close(): void;
}

/** Throws `LogNotOpened`. */
export function lookAt(files: LogFiles): Look {
  if (!existsSync(files.db)) {
    throw new LogNotOpened('MISSING', files.db);
  }
  const lock = lockUnlessInUse(files);
  let db: Database | undefined;
  let temporary: string | undefined;
  return {
    inUse: lock === undefined,
    open: () => {
      try {
        if (lock === undefined) {
          db = openDatabase(files.db, 'read-only');
        } else if (isEmpty(files.wal)) {
          db = openDatabase(files.db, 'immutable');
        } else {
          // With frames in the write-ahead log SQLite writes beside the database even to read: it gets a copy.
          temporary = mkdtempSync(join(tmpdir(), 'nxmesh-look-'));
          const copy = join(temporary, 'events.db');
          copyFileSync(files.db, copy, constants.COPYFILE_FICLONE);
          copyFileSync(files.wal, `${copy}-wal`, constants.COPYFILE_FICLONE);
          db = openDatabase(copy, 'read-write');
        }
        return db;
      } catch (error) {
        throw named(error, files.db);
      }
    },
    close: () => {
      db?.close();
      if (temporary !== undefined) {
        rmSync(temporary, { recursive: true, force: true });
      }
      lock?.release();
    },
  };
}

const isEmpty = (path: string): boolean => (statSync(path, { throwIfNoEntry: false })?.size ?? 0) === 0;

function lockUnlessInUse(files: LogFiles): Lock | undefined {
  try {
    return lockForReading(files.lock);
  } catch (error) {
    if (error instanceof LogNotOpened && error.reason === 'IN_USE') {
      return undefined;
    }
    throw named(error, files.lock);
  }
}
