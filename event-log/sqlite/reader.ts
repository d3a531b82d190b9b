// SPDX-License-Identifier: Apache-2.0
import { setImmediate as turn } from 'node:timers/promises';
import { type Category, type Notifier, notifier } from '../../kernel/index.js';
import {
  type AdapterSubscribeOptions,
  LogDamaged,
  type RawDelivery,
  type ReadOptions,
  type StoredRawEvent,
  Unavailable,
} from '../port.js';
import { wokenOrAborted } from '../wake.js';
import { openDatabase, type Row } from './database.js';

/** Rows read in one go, between two turns of the event loop: fewer when they are large. */
const MAX_BATCH = 256;
const BATCH_BYTES = 2 << 20;

export interface Reader {
  read(stream: string, options: ReadOptions): AsyncGenerator<readonly StoredRawEvent[], void, undefined>;
  subscribe(options: AdapterSubscribeOptions): AsyncGenerator<RawDelivery, void, undefined>;
  head(): bigint;
  /** Wakes the subscriptions after a commit. */
  readonly committed: Notifier;
  /** Refuses everything from now on, and ends the subscriptions. */
  stop(): void;
  close(): void;
}

const COLUMNS = 'e.position, s.name, e.revision, e.id, e.type, e.meta, e.data';
/** `CROSS JOIN` fixes the order: along the events, never along the streams. */
const IN_ORDER = `SELECT ${COLUMNS} FROM events e CROSS JOIN streams s ON s.id = e.stream
  WHERE e.position > ? AND e.position <= ?`;

export function openReader(path: string): Reader {
  const db = openDatabase(path, 'read-only');
  const ofStream = db.prepare(
    `SELECT ${COLUMNS} FROM streams s CROSS JOIN events e ON e.stream = s.id
     WHERE s.name = ? AND e.revision >= ? AND e.revision <= ? ORDER BY e.revision LIMIT ?`,
  );
  const ofAll = db.prepare(`${IN_ORDER} ORDER BY e.position`);
  const newest = db.prepare('SELECT coalesce(max(position), 0) FROM events');
  const committed = notifier();
  let closed = false;

  const usable = (): void => {
    if (closed) {
      throw new Unavailable('the log is closed');
    }
  };
  const head = (): number => {
    usable();
    return Number(newest.get()?.[0]);
  };

  async function* read(stream: string, options: ReadOptions) {
    let next = Number(options.from ?? 0n);
    let left = options.limit ?? Number.MAX_SAFE_INTEGER;
    const last = Number(options.to ?? BigInt(Number.MAX_SAFE_INTEGER));
    const size = batchSize();
    while (left > 0) {
      usable();
      const rows = ofStream.all(stream, next, last, Math.min(left, size.rows()));
      if (rows.length === 0) {
        return;
      }
      const events = size.seen(rows).map(stored);
      left -= rows.length;
      next += rows.length;
      yield events;
      await turn();
    }
  }

  async function* subscribe(options: AdapterSubscribeOptions): AsyncGenerator<RawDelivery, void, undefined> {
    const { signal, categories, skip } = options;
    const rowsOf = categories || skip ? selection(categories, skip) : ofAll;
    const size = batchSize();
    let at = Number(options.after);
    let told: number | undefined;
    while (!signal.aborted) {
      const woken = committed.wait();
      const end = head();
      if (end < at) {
        throw new LogDamaged(`the log ends at position ${end}, a reader has seen ${at}`);
      }
      if (at < end) {
        const to = Math.min(end, at + size.rows());
        const events = size.seen(rowsOf.all(at, to)).map(stored);
        at = to;
        if (events.length > 0) {
          yield { kind: 'events', events };
        }
        await turn();
      } else if (told !== at) {
        told = at;
        yield { kind: 'caught-up', position: BigInt(at) };
      } else {
        await wokenOrAborted(woken, signal);
      }
    }
  }

  /** Categories and types are closed lists of plain words: they stand in the statement itself. */
  function selection(categories: readonly Category[] | undefined, skip: readonly string[] | undefined) {
    const words = (list: readonly string[]): string =>
      list.map((word) => `'${word.replaceAll("'", "''")}'`).join(',');
    const within = categories ? ` AND s.category IN (${words(categories)})` : '';
    const without = skip ? ` AND e.type NOT IN (${words(skip)})` : '';
    return db.prepare(`${IN_ORDER}${within}${without} ORDER BY e.position`);
  }

  return {
    read,
    subscribe,
    head: () => BigInt(head()),
    committed,
    stop: () => {
      closed = true;
      committed.notify();
    },
    close: () => db.close(),
  };
}

function stored(row: Row): StoredRawEvent {
  const [position, stream, revision, id, type, meta, data] = row as [
    number,
    string,
    number,
    string,
    string,
    string,
    string,
  ];
  return { position: BigInt(position), stream, revision: BigInt(revision), id, type, meta, data };
}

/** Follows the size of the events, so that a batch of large ones does not fill the memory. */
function batchSize() {
  let rows = 32;
  return {
    rows: () => rows,
    seen: (batch: Row[]): Row[] => {
      if (batch.length > 0) {
        const bytes = batch.reduce((sum, row) => sum + (row[6] as string).length, 0);
        const fitting = Math.floor((BATCH_BYTES * batch.length) / (bytes + 1));
        rows = Math.max(1, Math.min(MAX_BATCH, fitting, rows * 2));
      }
      return batch;
    },
  };
}
