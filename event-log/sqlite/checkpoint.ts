// SPDX-License-Identifier: Apache-2.0
import { closeSync, existsSync, fsyncSync, openSync, readSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { invariant } from '../../kernel/index.js';
import type { Database } from './database.js';
import type { LogFiles } from './files.js';
import { PAGE_SIZE } from './schema.js';
import { openSums } from './sums.js';
import { FRAME_HEADER, frameOffset } from './wal.js';

/** The write-ahead log is brought into the database when it has grown by so many frames (64 MB). */
export const MAX_FRAMES = 16_384;
const FRAME_BYTES = FRAME_HEADER + PAGE_SIZE;
/** Frames read from it in one go. */
const CHUNK = 256;

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
export function checkpointer(db: Database, files: LogFiles, maxFrames: number): Checkpointer {
  // Without spilling, a transaction that is given up has left nothing in the write-ahead log.
  db.exec('PRAGMA wal_autocheckpoint = 0; PRAGMA cache_spill = OFF');
  const state = db.prepare('PRAGMA wal_checkpoint(NOOP)');
  const copy = db.prepare('PRAGMA wal_checkpoint(PASSIVE)');
  const empty = db.prepare('PRAGMA wal_checkpoint(TRUNCATE)');
  const sums = openSums(files.sums);

  function run(how: 'reuse' | 'clean'): void {
    const [, frames, copied] = copy.get() ?? [];
    if (typeof frames !== 'number' || frames !== copied) {
      return;
    }
    if (frames > 0) {
      sums.update(newestSums(files.wal, frames));
    }
    if (how === 'clean') {
      empty.get();
    }
  }

  return {
    run,
    tick: () => {
      const [, frames, copied] = state.get() ?? [];
      if (Number(frames) - Number(copied) >= maxFrames) {
        run('reuse');
      }
    },
    close: () => sums.close(),
  };
}

/** Page → checksum of its newest content among the first `frames` frames: read backwards, each page once. */
function newestSums(wal: string, frames: number): Map<number, number> {
  const sums = new Map<number, number>();
  const buffer = Buffer.allocUnsafe(CHUNK * FRAME_BYTES);
  const fd = openSync(wal, 'r');
  try {
    for (let end = frames; end > 0; end -= CHUNK) {
      const start = Math.max(0, end - CHUNK);
      const length = (end - start) * FRAME_BYTES;
      invariant(readSync(fd, buffer, 0, length, frameOffset(start)) === length, 'all frames can be read');
      for (let at = length - FRAME_BYTES; at >= 0; at -= FRAME_BYTES) {
        const page = buffer.readUInt32BE(at);
        if (!sums.has(page)) {
          sums.set(page, crc32(buffer.subarray(at + FRAME_BYTES - PAGE_SIZE, at + FRAME_BYTES)));
        }
      }
    }
    return sums;
  } finally {
    closeSync(fd);
  }
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
