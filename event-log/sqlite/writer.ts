// SPDX-License-Identifier: Apache-2.0
/** The writer's thread: the only one that writes, so that no fsync ever holds up the event loop of the process. */
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { errorMessage, invariant, never, systemClock } from '../../kernel/index.js';
import { SQLITE, sqliteFault } from './database.js';
import {
  type FromWriter,
  type Packed,
  packAnswers,
  type ToWriter,
  unpack,
  type WriterData,
} from './messages.js';
import { named } from './preflight.js';
import { openStore, type Store } from './store.js';

/** One transaction takes in at most so many appends, so that the first does not wait too long for the last. */
const MAX_GROUP = 4096;

function run(port: MessagePort, store: Store): void {
  const tell = (message: FromWriter): void => port.postMessage(message);
  let stopped = false;
  /** What the open transaction holds: messages and appends. */
  let groups = 0;
  let appends = 0;

  function orStop(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (sqliteFault(error)?.code === SQLITE.FULL) {
        // No room: the write was refused before any fsync and rolled back whole, so the next may be tried.
        store.refused();
        tell({ kind: 'refused', groups, message: errorMessage(error) });
        groups = 0;
        return;
      }
      // After a failed fsync nobody knows what the disk holds, and asking again would answer "all is well".
      stopped = true;
      tell({ kind: 'stopped', message: errorMessage(error) });
    }
  }

  function take(flat: Packed): void {
    if (stopped) {
      return;
    }
    const group = unpack(flat);
    groups += 1;
    appends += group.length;
    orStop(() => store.take(group));
  }

  function commit(): void {
    if (groups > 0 && !stopped) {
      orStop(() => {
        const { answers, took } = store.commit();
        tell({ kind: 'committed', groups, answers: packAnswers(answers), took });
        groups = 0;
        store.tidy();
      });
    }
    appends = 0;
  }

  /** Takes in everything that came while the last commit waited for the disk. */
  function work(first: ToWriter): void {
    let isWhole = true;
    let next: ToWriter | undefined = first;
    while (next !== undefined) {
      switch (next.kind) {
        case 'append':
          take(next.group);
          isWhole = !next.more;
          break;
        case 'close':
          commit();
          close();
          return;
        default:
          never(next);
      }
      if (appends >= MAX_GROUP) {
        commit();
      }
      next = (receiveMessageOnPort(port) as { message: ToWriter } | undefined)?.message;
    }
    if (isWhole) {
      commit();
    }
  }

  function close(): void {
    if (!stopped) {
      store.close();
    }
    tell({ kind: 'closed' });
    port.close();
  }

  port.on('message', work);
  tell({ kind: 'opened' });
}

invariant(parentPort, 'runs as a worker thread');
const data = workerData as WriterData;
try {
  run(parentPort, openStore(data.path, systemClock, data.options));
} catch (error) {
  const { reason, path, more } = named(error, data.path);
  parentPort.postMessage({ kind: 'not-opened', reason, path, more } satisfies FromWriter);
  parentPort.close();
}
