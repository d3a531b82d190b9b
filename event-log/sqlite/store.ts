// SPDX-License-Identifier: Apache-2.0
/** Opens the files of a log for writing, or says by name why not. Nothing is changed before all checks have passed. */
import { existsSync, rmSync } from 'node:fs';
import type { Clock } from '../../kernel/index.js';
import { GENESIS } from './chain.js';
import { checkBefore, endOf } from './check.js';
import { checkpointer, MAX_FRAMES, syncFiles } from './checkpoint.js';
import { type AppendRequest, type Committed, committer } from './commit.js';
import { openDatabase, SQLITE, sqliteFault } from './database.js';
import { type LogFiles, logFiles, nameFile } from './files.js';
import { openHeadFile, readHead } from './head.js';
import { hex } from './hex.js';
import { type Lock, lockForWriting } from './lock.js';
import { checkFolder, named } from './preflight.js';
import { createSchema } from './schema.js';
import { createSums } from './sums.js';

export interface StoreOptions {
  /** Takes the log as it stands, though its remembered head says otherwise: after a restore from a backup. */
  readonly acceptHead?: boolean;
  /** Length of the write-ahead log at which it is brought into the database, in pages. */
  readonly walFrames?: number;
}

export interface Store {
  take(group: readonly AppendRequest[]): void;
  /** Durable when it returns, the head remembered. */
  commit(): Committed;
  /** What may wait until the appends are answered. */
  tidy(): void;
  /** After a write for which there was no room. */
  refused(): void;
  /** Closes in order; not to be called after a failed write. */
  close(): void;
}

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
    take: (group) => events.take(group),
    commit: () => {
      const committed = events.commit();
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
