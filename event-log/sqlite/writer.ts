/** The writer's thread: the only one that writes, so that no fsync ever holds up the event loop of the process. */
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { errorMessage, invariant, never, systemClock } from '../../kernel/index.js';
import type { AppendRequest } from './commit.js';
import { SQLITE, sqliteFault } from './database.js';
import { type FromWriter, type ToWriter, unpack, type WriterData } from './messages.js';
import { named } from './preflight.js';
import { openStore, type Store } from './store.js';

/** One transaction takes in at most so many appends, so that the first does not wait too long for the last. */
const MAX_GROUP = 4096;

function run(port: MessagePort, store: Store): void {
  const tell = (message: FromWriter): void => port.postMessage(message);
  let stopped = false;

  function commit(group: readonly AppendRequest[], groups: number): void {
    try {
      tell({ kind: 'committed', groups, ...store.commit(group) });
      store.tidy();
    } catch (error) {
      if (sqliteFault(error)?.code === SQLITE.FULL) {
        // No room: the write was refused before any fsync and rolled back whole, so the next may be tried.
        store.refused();
        tell({ kind: 'refused', groups, message: errorMessage(error) });
        return;
      }
      // After a failed fsync nobody knows what the disk holds, and asking again would answer "all is well".
      stopped = true;
      tell({ kind: 'stopped', message: errorMessage(error) });
    }
  }

  /** Takes in everything that came while the last commit waited for the disk. */
  function work(first: ToWriter): void {
    let group: AppendRequest[] = [];
    let groups = 0;
    let next: ToWriter | undefined = first;
    while (next !== undefined) {
      switch (next.kind) {
        case 'append':
          group = group.concat(unpack(next.group));
          groups += 1;
          break;
        case 'close':
          flush();
          close();
          return;
        default:
          never(next);
      }
      if (group.length >= MAX_GROUP) {
        flush();
      }
      next = (receiveMessageOnPort(port) as { message: ToWriter } | undefined)?.message;
    }
    flush();

    function flush(): void {
      if (groups > 0 && !stopped) {
        commit(group, groups);
      }
      group = [];
      groups = 0;
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
