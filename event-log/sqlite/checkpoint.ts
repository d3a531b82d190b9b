import { closeSync, existsSync, fsyncSync, openSync, readSync } from 'node:fs';
import type { Database } from './database.js';
import type { LogFiles } from './files.js';
import { PAGE_SIZE } from './schema.js';
import { openSums } from './sums.js';
import { newestPages } from './wal.js';

/** The write-ahead log is brought into the database when it has grown by so many frames (32 MB). */
const MAX_FRAMES = 8192;
const FRAME_BYTES = 24 + PAGE_SIZE;

export interface Checkpointer {
  /** After each commit: does the work when it is due. */
  tick(): void;
  /**
   * Does the work now. With `clean` it also empties the write-ahead log, so that what a crash or a refused write left in
   * it is never taken for frames that were committed once.
   */
  run(how: 'reuse' | 'clean'): void;
  close(): void;
}

/**
 * Takes the place of SQLite's own checkpoints, which would not keep the checksums of the pages. What readers hold back
 * waits for the next time.
 */
export function checkpointer(db: Database, files: LogFiles): Checkpointer {
  // Without spilling, a transaction that is given up has left nothing in the write-ahead log.
  db.exec('PRAGMA wal_autocheckpoint = 0; PRAGMA cache_spill = OFF');
  const state = db.prepare('PRAGMA wal_checkpoint(NOOP)');
  const copy = db.prepare('PRAGMA wal_checkpoint(PASSIVE)');
  const empty = db.prepare('PRAGMA wal_checkpoint(TRUNCATE)');
  const sums = openSums(files.sums);
  let buffer = Buffer.alloc(0);

  function run(how: 'reuse' | 'clean'): void {
    const [, frames, copied] = copy.get() ?? [];
    if (typeof frames !== 'number' || frames !== copied) {
      return;
    }
    if (frames > 0) {
      sums.update(newestPages(walBytes(frames), frames));
    }
    if (how === 'clean') {
      empty.get();
    }
  }

  function walBytes(frames: number): Buffer {
    const length = 32 + frames * FRAME_BYTES;
    if (buffer.length < length) {
      buffer = Buffer.allocUnsafe(length);
    }
    const fd = openSync(files.wal, 'r');
    try {
      readSync(fd, buffer, 0, length, 0);
    } finally {
      closeSync(fd);
    }
    return buffer;
  }

  return {
    run,
    tick: () => {
      const [, frames, copied] = state.get() ?? [];
      if (Number(frames) - Number(copied) >= MAX_FRAMES) {
        run('reuse');
      }
    },
    close: () => sums.close(),
  };
}

/**
 * What a killed process wrote may stand in the memory of the kernel only. It must be on the disk before anybody is told
 * that it is stored.
 */
export function syncFiles(files: LogFiles): void {
  for (const path of [files.db, files.wal]) {
    if (existsSync(path)) {
      const fd = openSync(path, 'r');
      try {
        fsyncSync(fd);
      } finally {
        closeSync(fd);
      }
    }
  }
}
