// SPDX-License-Identifier: Apache-2.0
import type { Timers } from '../../kernel/index.js';
import type { Database } from './database.js';

/** How long what can be made again may wait for the file. */
export interface Hold {
  readonly timers: Timers;
  readonly ms: number;
}

/** So many commits are not held together: what is written at once holds up whoever asks next. */
const MAX_HELD = 256;

export interface Writes {
  /**
   * Runs a task that stands or falls by itself. It is seen by everybody who asks this store when it resolves, and is in
   * the file a moment later, with all others of that moment: a transaction each would cost more than what is in them.
   */
  held<T>(task: () => T): Promise<T>;
  /** Runs a task; it and all that is held is in the file when this returns. */
  now<T>(task: () => T): T;
  /** Writes what is held. */
  flush(): void;
}

/**
 * All writes of one connection. What is held stands in a transaction that stays open: this connection sees it, and a
 * crash takes documents and checkpoint back together, to be made from the log again. A transaction that the file did
 * not take is taken back as well; whoever commits next finds another checkpoint than he left. Without `hold` a task is
 * in the file when it resolves. `undone` is told what is taken back: one task, or all that was held.
 */
export function writesOf(db: Database, undone: (all: boolean) => void, hold?: Hold): Writes {
  let cancel: (() => void) | undefined;
  let held = 0;
  /** The file did not take the last transaction: nothing is held until it takes one again. */
  let careful = false;

  function rollBack(): void {
    if (db.inTransaction()) {
      db.exec('ROLLBACK');
    }
    undone(true);
  }

  function flush(): void {
    cancel?.();
    cancel = undefined;
    held = 0;
    if (!db.inTransaction()) {
      return;
    }
    try {
      db.exec('COMMIT');
      careful = false;
    } catch (error) {
      careful = true;
      rollBack();
      throw error;
    }
  }

  function inside<T>(task: () => T): T {
    if (!db.inTransaction()) {
      db.exec('BEGIN IMMEDIATE');
    }
    db.exec('SAVEPOINT one');
    try {
      const result = task();
      db.exec('RELEASE one');
      return result;
    } catch (error) {
      if (db.inTransaction()) {
        db.exec('ROLLBACK TO one');
        db.exec('RELEASE one');
        undone(false);
      } else {
        // SQLite has taken all of it back, as it does when there is no room.
        careful = true;
        rollBack();
      }
      throw error;
    }
  }

  function now<T>(task: () => T): T {
    try {
      return inside(task);
    } finally {
      flush();
    }
  }

  /** Nobody is there to be told; the next commit will be. */
  function flushInTime(): void {
    try {
      flush();
    } catch {
      // `careful` says it.
    }
  }

  return {
    held: async (task) => {
      if (!hold || careful) {
        return now(task);
      }
      const result = inside(task);
      held += 1;
      if (held >= MAX_HELD) {
        flush();
      } else {
        cancel ??= hold.timers.after(hold.ms, flushInTime);
      }
      return result;
    },
    now,
    flush,
  };
}
