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

/** How long after the file took nothing it is tried again, if nobody commits before. */
const RETRY_MS = 1_000;

type Task = () => unknown;

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
 * crash takes documents and checkpoint back together, to be made from the log again. Where the file did not take it, the
 * held tasks are done again in a new transaction, so that nobody sees less than he was told of; until the file takes one,
 * a new task is in it when it resolves, or fails. Without `hold` that is always so. `undone` is told what is taken back:
 * one task (or all, and done again), or what was held and could not be done again.
 */
export function writesOf(db: Database, undone: (lost: boolean) => void, hold?: Hold): Writes {
  let cancel: (() => void) | undefined;
  let held: Task[] = [];
  /** The file did not take the last transaction: nothing more is held until it takes one again. */
  let careful = false;

  /** Takes back what the file did not take, and does again what was held. */
  function startAgain(): void {
    careful = true;
    if (db.inTransaction()) {
      db.exec('ROLLBACK');
    }
    undone(false);
    try {
      for (const task of held) {
        inside(task);
      }
    } catch {
      if (db.inTransaction()) {
        db.exec('ROLLBACK');
      }
      held = [];
      undone(true);
    }
    wait(RETRY_MS);
  }

  function wait(ms: number): void {
    if (hold && held.length > 0) {
      cancel ??= hold.timers.after(ms, flushInTime);
    }
  }

  /** Writes what is held, and what stands in the same transaction. */
  function flush(): void {
    cancel?.();
    cancel = undefined;
    if (!db.inTransaction()) {
      return;
    }
    try {
      db.exec('COMMIT');
    } catch (error) {
      startAgain();
      throw error;
    }
    held = [];
    careful = false;
  }

  function inside<T>(task: () => T): T {
    if (!db.inTransaction()) {
      db.exec('BEGIN IMMEDIATE');
    }
    db.exec('SAVEPOINT one');
    const result = task();
    db.exec('RELEASE one');
    return result;
  }

  /** A task that fails takes nothing with it. */
  function alone<T>(task: () => T): T {
    try {
      return inside(task);
    } catch (error) {
      if (db.inTransaction()) {
        db.exec('ROLLBACK TO one');
        db.exec('RELEASE one');
        undone(false);
        if (held.length === 0) {
          db.exec('ROLLBACK');
        }
      } else {
        // SQLite has taken all of it back, as it does when there is no room.
        startAgain();
      }
      throw error;
    }
  }

  function now<T>(task: () => T): T {
    const result = alone(task);
    flush();
    return result;
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
      const result = alone(task);
      held.push(task);
      if (held.length >= MAX_HELD) {
        flushInTime();
      } else {
        wait(hold.ms);
      }
      return result;
    },
    now,
    flush,
  };
}
