// SPDX-License-Identifier: Apache-2.0
/**
 * The embedded log: one SQLite file, one writing process. Imported by its own path, so that a process which uses
 * another store never loads the native library.
 */
import { Worker } from 'node:worker_threads';
import { type Clock, deferred, never, systemClock } from '../../kernel/index.js';
import { type Appended, type LogAdapter, Unavailable } from '../port.js';
import { NONE } from './commit.js';
import { type FromWriter, pack, type ToWriter, type WriterData } from './messages.js';
import { LogNotOpened } from './not-opened.js';
import { appendQueue } from './queue.js';
import { openReader, type Reader } from './reader.js';
import { type ScrubOptions, scrub } from './scrub.js';
import type { StoreOptions } from './store.js';

export { exportLog, type TailOptions, tailLog } from './export.js';
export { LogNotOpened, type NotOpenedReason } from './not-opened.js';
export { type Damage, type Verification, verifyLog } from './verify.js';
export { ChainBroken, type DamagedEvent } from './walk.js';

export interface SqliteLogOptions extends StoreOptions {
  readonly clock?: Clock;
  /** Checks the stored events again while the log is in use. */
  readonly scrub?: ScrubOptions;
}

/** Opens (or makes) the log in the file at `path`. Rejects with `LogNotOpened`, which says by name why not. */
export async function sqliteLog(path: string, options: SqliteLogOptions = {}): Promise<LogAdapter> {
  const { clock = systemClock, scrub: scrubOptions, ...storeOptions } = options;
  const writer = new Worker(new URL('./writer.js', import.meta.url), {
    workerData: { path, options: storeOptions } satisfies WriterData,
  });
  const send = (message: ToWriter): void => writer.postMessage(message);
  const queue = appendQueue((part, more) => send({ kind: 'append', group: pack(part), more }), clock);
  const opening = deferred();
  const closing = deferred();
  let reader: Reader | undefined;

  function stop(message: string): void {
    queue.stop(new Unavailable(message));
    opening.reject(new LogNotOpened('IO_ERROR', path, message));
  }

  writer.on('message', (message: FromWriter) => {
    switch (message.kind) {
      case 'opened':
        opening.resolve();
        break;
      case 'not-opened':
        opening.reject(new LogNotOpened(message.reason, message.path, message.more));
        break;
      case 'committed':
        queue.answered(message.groups, message.answers, message.took);
        reader?.committed.notify();
        break;
      case 'refused':
        queue.refused(message.groups, new Unavailable(message.message));
        break;
      case 'stopped':
        stop(`the log has stopped: ${message.message}`);
        break;
      case 'closed':
        break;
      default:
        never(message);
    }
  });
  writer.on('error', (error) => stop(`the log has stopped: ${error.message}`));
  writer.on('exit', () => {
    stop('the log is closed');
    closing.resolve();
  });

  await opening.promise;
  try {
    reader = openReader(path);
  } catch (error) {
    send({ kind: 'close' });
    await closing.promise;
    throw error;
  }
  const open = reader;
  const scrubbing = scrubOptions && scrub(path, scrubOptions);
  let closed: Promise<void> | undefined;

  async function close(): Promise<void> {
    queue.drain();
    open.stop();
    await scrubbing?.stop();
    send({ kind: 'close' });
    await closing.promise;
    // Last: as long as it is open, a writer that stopped at an error copies nothing into the database when it ends.
    open.close();
  }

  return {
    append: (stream, expected, events): Promise<Appended> =>
      queue.append({ stream, expected: expected === 'none' ? NONE : Number(expected), events }),
    read: (stream, readOptions) => open.read(stream, readOptions),
    subscribe: (subscribeOptions) => open.subscribe(subscribeOptions),
    head: async () => open.head(),
    stopped: () => queue.stopped(),
    scrubbed: () => scrubbing?.scrubbed(),
    close: () => (closed ??= close()),
  };
}
