// SPDX-License-Identifier: Apache-2.0
import { closeSync, fsyncSync, openSync, renameSync, writeSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/** The files of one log. `db` is `<folder>/events.db`; the others stand beside it. */
export interface LogFiles {
  readonly db: string;
  /** SQLite's write-ahead log. */
  readonly wal: string;
  /** The remembered head: `head.ts`. */
  readonly head: string;
  /** Held for as long as a process has the log open: `lock.ts`. */
  readonly lock: string;
  /** A checksum for each page of `db`: `sums.ts`. */
  readonly sums: string;
}

export function logFiles(path: string): LogFiles {
  const db = resolve(path);
  const stem = db.replace(/\.db$/, '');
  return { db, wal: `${db}-wal`, head: `${stem}.head`, lock: `${stem}.lock`, sums: `${stem}.sums` };
}

/** Makes or replaces a small file durably: a crash or a full disk leaves the old one or the new one, whole. */
export function replaceFile(path: string, bytes: Buffer): void {
  const unnamed = `${path}.new`;
  const fd = openSync(unnamed, 'w', 0o600);
  try {
    for (let at = 0; at < bytes.length; ) {
      at += writeSync(fd, bytes, at);
    }
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  nameFile(unnamed, path);
}

/** Gives a finished file its name, durably. */
export function nameFile(unnamed: string, path: string): void {
  renameSync(unnamed, path);
  const folder = openSync(dirname(path), 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
