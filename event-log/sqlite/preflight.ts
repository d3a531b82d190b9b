// SPDX-License-Identifier: Apache-2.0
import { accessSync, closeSync, constants, openSync, readSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { errorMessage } from '../../kernel/index.js';
import { LogDamaged } from '../port.js';
import { SQLITE, sqliteFault } from './database.js';
import type { LogFiles } from './files.js';
import { LogNotOpened, type NotOpenedReason } from './not-opened.js';

const ENOSPC = 28;

/** Checks the folder before the lock is taken. Throws `LogNotOpened`. */
export function checkFolder(files: LogFiles): void {
  const folder = statSync(dirname(files.db), { throwIfNoEntry: false });
  if (!folder?.isDirectory()) {
    throw new LogNotOpened('NO_FOLDER', dirname(files.db));
  }
  for (const path of [files.db, files.wal, files.head, files.sums, files.lock]) {
    const file = statSync(path, { throwIfNoEntry: false });
    if (file && !file.isFile()) {
      throw new LogNotOpened('NOT_A_DATABASE', path, 'not a regular file');
    }
    // Root too is refused: files made as root beside it would lock out the owner afterwards.
    if (file && process.geteuid && file.uid !== process.geteuid()) {
      throw new LogNotOpened(
        'WRONG_OWNER',
        path,
        `uid ${file.uid}, this process runs as ${process.geteuid()}`,
      );
    }
    if (file) {
      access(path, constants.R_OK, 'UNREADABLE');
      access(path, constants.W_OK, 'READ_ONLY');
    }
  }
  access(dirname(files.db), constants.W_OK | constants.X_OK, 'READ_ONLY');
}

function access(path: string, mode: number, reason: NotOpenedReason): void {
  try {
    accessSync(path, mode);
  } catch (error) {
    throw new LogNotOpened(reason, path, errorMessage(error), { cause: error });
  }
}

/**
 * Whether there is a database, looking at its first bytes. Only under the lock: closing a descriptor of a file
 * that SQLite has open in this process would release SQLite's own locks on it.
 */
export function databaseExists(files: LogFiles): boolean {
  const file = statSync(files.db, { throwIfNoEntry: false });
  if (!file || file.size === 0) {
    return false;
  }
  const fd = openSync(files.db, 'r');
  try {
    const start = Buffer.alloc(16);
    readSync(fd, start, 0, 16, 0);
    if (start.toString('latin1') !== 'SQLite format 3\0') {
      throw new LogNotOpened('NOT_A_DATABASE', files.db);
    }
    return true;
  } finally {
    closeSync(fd);
  }
}

/** Gives an error of the library or the file system its name. */
export function named(error: unknown, path: string): LogNotOpened {
  if (error instanceof LogNotOpened) {
    return error;
  }
  return new LogNotOpened(reasonOf(error), path, errorMessage(error), { cause: error });
}

function reasonOf(error: unknown): NotOpenedReason {
  if (error instanceof LogDamaged) {
    return 'DAMAGED';
  }
  const fault = sqliteFault(error);
  if (fault?.code === SQLITE.FULL || fault?.errno === ENOSPC) {
    return 'DISK_FULL';
  }
  switch (fault?.code) {
    case SQLITE.NOTADB:
      return 'NOT_A_DATABASE';
    case SQLITE.CORRUPT:
      return 'DAMAGED';
    case SQLITE.READONLY:
      return 'READ_ONLY';
    case SQLITE.CANTOPEN:
      return 'UNREADABLE';
    case SQLITE.BUSY:
      return 'IN_USE';
    default:
      return ofSystem((error as NodeJS.ErrnoException).code);
  }
}

function ofSystem(code: string | undefined): NotOpenedReason {
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return 'DISK_FULL';
    case 'EROFS':
      return 'READ_ONLY';
    case 'EACCES':
    case 'EPERM':
      return 'UNREADABLE';
    default:
      return 'IO_ERROR';
  }
}
