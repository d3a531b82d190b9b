import { resolve } from 'node:path';

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
