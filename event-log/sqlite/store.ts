/** Opens the files of a log for writing, or says by name why not. Nothing is changed before all checks have passed. */
import { existsSync, rmSync } from 'node:fs';
import { type Clock, invariant } from '../../kernel/index.js';
import { GENESIS } from './chain.js';
import { checkpointer, MAX_FRAMES, syncFiles } from './checkpoint.js';
import { type AppendRequest, type Committed, committer, type End } from './commit.js';
import { type Database, openDatabase, SQLITE, sqliteFault } from './database.js';
import { type LogFiles, logFiles, nameFile } from './files.js';
import { openHeadFile, type Remembered, readHead } from './head.js';
import { hex } from './hex.js';
import { type Lock, lockForWriting } from './lock.js';
import { LogNotOpened } from './not-opened.js';
import { checkFolder, databaseExists, named } from './preflight.js';
import { APPLICATION_ID, createSchema, SCHEMA_VERSION } from './schema.js';
import { createSums } from './sums.js';
import { ChainBroken, hashAt, walkChain } from './walk.js';

export interface StoreOptions {
  /** Takes the log as it stands, though its remembered head says otherwise: after a restore from a backup. */
  readonly acceptHead?: boolean;
  /** Length of the write-ahead log at which it is brought into the database, in pages. */
  readonly walFrames?: number;
}

export interface Store {
  /** Durable when it returns, the head remembered. */
  commit(group: readonly AppendRequest[]): Committed;
  /** What may wait until the appends are answered. */
  tidy(): void;
  /** After a write for which there was no room. */
  refused(): void;
  /** Closes in order; not to be called after a failed write. */
  close(): void;
}

/** How many of the newest events are checked at each start. All of them: `verifyLog`. */
const TAIL = 1000;

export function openStore(path: string, clock: Clock, options: StoreOptions = {}): Store {
  const files = logFiles(path);
  let lock: Lock | undefined;
  try {
    checkFolder(files);
    lock = lockForWriting(files.lock);
    return opened(files, lock, clock, options);
  } catch (error) {
    lock?.release();
    throw named(error, files.db);
  }
}

function opened(files: LogFiles, lock: Lock, clock: Clock, options: StoreOptions): Store {
  const remembered = readHead(files.head);
  const checked = checkBefore(files, remembered, options.acceptHead === true);
  if (checked === undefined) {
    make(files);
  } else if (!existsSync(files.sums)) {
    createSums(files.sums, files.db);
  }
  syncFiles(files);
  const db = openDatabase(files.db, 'read-write');
  const checkpoints = checkpointer(db, files, options.walFrames ?? MAX_FRAMES);
  let refused = !withRoom(() => checkpoints.run('clean'));
  const events = committer(db, endOf(db), clock);
  const remember = (): { position: number; hash: string } => ({
    position: events.end().position,
    hash: hex(events.end().hash),
  });
  const head = openHeadFile(files.head, remember());
  return {
    commit: (group) => {
      const committed = events.commit(group);
      head.remember(remember());
      return committed;
    },
    tidy: () => {
      if (refused) {
        refused = !withRoom(() => checkpoints.run('clean'));
      } else if (!withRoom(() => checkpoints.tick())) {
        refused = true;
      }
    },
    refused: () => {
      refused = true;
    },
    close: () => {
      checkpoints.run('clean');
      db.close();
      checkpoints.close();
      head.sync();
      head.close();
      lock.release();
    },
  };
}

/** Makes an empty log. The database gets its name last, so that a crash leaves none or a whole one. */
function make(files: LogFiles): void {
  // First of all files, so that a log without a remembered head is never a log that was just made.
  openHeadFile(files.head, { position: 0, hash: hex(GENESIS) }).close();
  const unnamed = `${files.db}.new`;
  for (const path of [unnamed, `${unnamed}-journal`, `${unnamed}-wal`, `${unnamed}-shm`, files.wal]) {
    rmSync(path, { force: true });
  }
  const db = openDatabase(unnamed, 'read-write');
  try {
    createSchema(db);
  } finally {
    db.close();
  }
  createSums(files.sums, unnamed);
  nameFile(unnamed, files.db);
}

/** A full disk is waited out: the write-ahead log holds everything meanwhile. Says whether there was room. */
function withRoom(work: () => void): boolean {
  try {
    work();
    return true;
  } catch (error) {
    if (sqliteFault(error)?.code === SQLITE.FULL) {
      return false;
    }
    throw error;
  }
}

/**
 * Looks at what there is through a read-only connection: closing a writable one would copy a damaged write-ahead log
 * into the database and with it destroy what could still be saved. Gives nothing when the log is to be made.
 */
function checkBefore(files: LogFiles, remembered: Remembered, accept: boolean): 'checked' | undefined {
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

function endOf(db: Database): End {
  const row = db.prepare('SELECT position, hash FROM events ORDER BY position DESC LIMIT 1').get();
  if (!row) {
    return { position: 0, hash: GENESIS };
  }
  const [position, hash] = row;
  invariant(typeof position === 'number' && hash instanceof Uint8Array, 'the newest event has a hash');
  return { position, hash };
}
