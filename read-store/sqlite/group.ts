// SPDX-License-Identifier: Apache-2.0
import { setImmediate as turn } from 'node:timers/promises';
import type { Database } from './database.js';

interface Job {
  run(): void;
  /** Called once the transaction is committed. */
  settle(): void;
  fail(error: unknown): void;
}

/**
 * Commits that come in one turn of the event loop go into one transaction: the read models of a process all follow the
 * same events, and a transaction each would cost more than what is in them. Each stands or falls by itself.
 */
export function groupCommit(
  db: Database,
  transaction: <T>(task: () => T) => T,
): <T>(task: () => T) => Promise<T> {
  let jobs: Job[] = [];

  function one(job: Job): unknown {
    db.exec('SAVEPOINT one');
    try {
      job.run();
      db.exec('RELEASE one');
      return undefined;
    } catch (error) {
      db.exec('ROLLBACK TO one');
      db.exec('RELEASE one');
      return error;
    }
  }

  async function drain(): Promise<void> {
    await turn();
    const group = jobs;
    jobs = [];
    try {
      const errors = transaction(() => group.map(one));
      for (const [index, job] of group.entries()) {
        if (errors[index] === undefined) {
          job.settle();
        } else {
          job.fail(errors[index]);
        }
      }
    } catch (error) {
      for (const job of group) {
        job.fail(error);
      }
    }
  }

  return <T>(task: () => T) =>
    new Promise<T>((resolve, reject) => {
      let result: T;
      const job: Job = {
        run: () => {
          result = task();
        },
        settle: () => resolve(result),
        fail: reject,
      };
      if (jobs.push(job) === 1) {
        void drain();
      }
    });
}
