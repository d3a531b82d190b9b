// SPDX-License-Identifier: Apache-2.0
import { invariant } from '../../kernel/index.js';
import { GENESIS } from './chain.js';
import type { End } from './commit.js';
import { type Database, openDatabase } from './database.js';
import type { LogFiles } from './files.js';
import type { Remembered } from './head.js';
import { hex } from './hex.js';
import { LogNotOpened } from './not-opened.js';
import { databaseExists } from './preflight.js';
import { APPLICATION_ID, SCHEMA_VERSION } from './schema.js';
import { ChainBroken, hashAt, walkChain } from './walk.js';

/** How many of the newest events are checked at each start. All of them: `verifyLog`. */
const TAIL = 1000;

/**
 * Looks at what there is through a read-only connection: closing a writable one would copy a damaged write-ahead log
 * into the database and with it destroy what could still be saved. Gives nothing when the log is to be made.
 */
export function checkBefore(files: LogFiles, remembered: Remembered, accept: boolean): 'checked' | undefined {
  if (remembered.kind === 'unreadable' && !accept) {
    throw new LogNotOpened('DAMAGED', files.head);
  }
  const position = remembered.kind === 'head' ? remembered.head.position : 0;
  if (!databaseExists(files)) {
    if (position > 0 && !accept) {
      throw new LogNotOpened('MISSING', files.db, `its head was at position ${position}`);
    }
    return undefined;
  }
  const db = openDatabase(files.db, 'read-only');
  try {
    checkOurs(db, files.db);
    const end = endOf(db);
    if (!accept) {
      checkRemembered(db, files, remembered, end);
    }
    checkTail(db, files, end);
    return 'checked';
  } finally {
    db.close();
  }
}

function checkOurs(db: Database, path: string): void {
  const application = db.prepare('PRAGMA application_id').get()?.[0];
  const version = Number(db.prepare('PRAGMA user_version').get()?.[0]);
  if (application !== APPLICATION_ID) {
    throw new LogNotOpened('NOT_A_DATABASE', path, 'it is a database of another program');
  }
  if (version > SCHEMA_VERSION) {
    throw new LogNotOpened('NEWER_SCHEMA', path, `schema ${version}, known up to ${SCHEMA_VERSION}`);
  }
}

function checkRemembered(db: Database, files: LogFiles, remembered: Remembered, end: End): void {
  if (remembered.kind === 'none') {
    if (end.position > 0) {
      throw new LogNotOpened('HEAD_MISSING', files.head);
    }
    return;
  }
  invariant(remembered.kind === 'head', 'an unreadable head was refused before');
  const { position, hash } = remembered.head;
  if (end.position < position) {
    const where = `it ends at position ${end.position}, its head was at ${position}`;
    throw new LogNotOpened('ROLLED_BACK', files.db, where);
  }
  if (position > 0 && hex(hashAt(db, position)) !== hash) {
    throw new LogNotOpened(
      'DAMAGED',
      files.db,
      `position ${position} is not the event of the remembered head`,
    );
  }
}

function checkTail(db: Database, files: LogFiles, end: End): void {
  try {
    for (const _batch of walkChain(db, Math.max(0, end.position - TAIL))) {
      // Walking is checking.
    }
  } catch (error) {
    if (error instanceof ChainBroken) {
      throw new LogNotOpened('DAMAGED', files.db, error.message, { cause: error });
    }
    throw error;
  }
}

/** The newest event, or what stands before the first. */
export function endOf(db: Database): End {
  const row = db.prepare('SELECT position, hash FROM events ORDER BY position DESC LIMIT 1').get();
  if (!row) {
    return { position: 0, hash: GENESIS };
  }
  const [position, hash] = row;
  invariant(typeof position === 'number' && hash instanceof Uint8Array, 'the newest event has a hash');
  return { position, hash };
}
