// SPDX-License-Identifier: Apache-2.0
import { type Clock, categoryOf, invariant } from '../../kernel/index.js';
import type { RawEvent } from '../port.js';
import { chained } from './chain.js';
import { type Database, SQLITE, sqliteFault } from './database.js';

/** Revision of the event before the first: what `'none'` is between the threads. */
export const NONE = -1;

export interface AppendRequest {
  readonly stream: string;
  /** Revision that the stream is to be at, or `NONE`. */
  readonly expected: number;
  readonly events: readonly RawEvent[];
}

export type Answer =
  | { readonly kind: 'appended'; readonly revision: number; readonly position: number }
  | { readonly kind: 'conflict'; readonly actual: number };

interface StreamHead {
  readonly id: number;
  revision: number;
}

export interface End {
  readonly position: number;
  readonly hash: Uint8Array;
}

export interface Committed {
  readonly answers: readonly Answer[];
  /** How long the disk took, ms. */
  readonly took: number;
}

export interface Committer {
  /**
   * Puts a group into the transaction, beginning one if none is open. Each append is answered on its own, by the commit:
   * a conflict does not hurt its neighbours. Throws when the transaction failed as a whole; it is then given up.
   */
  take(group: readonly AppendRequest[]): void;
  /**
   * Waits for the disk once, for all that was taken in. When it throws, nothing is stored, unless the failure was that
   * of the disk itself.
   */
  commit(): Committed;
  end(): End;
}

const MAX_CACHED_STREAMS = 100_000;

export function committer(db: Database, start: End, clock: Clock): Committer {
  const findStream = db.prepare('SELECT id FROM streams WHERE name = ?');
  const newestOf = db.prepare('SELECT max(revision) FROM events WHERE stream = ?');
  const lastStream = db.prepare('SELECT coalesce(max(id), 0) FROM streams');
  const addStream = db.prepare('INSERT INTO streams (id, name, category) VALUES (?, ?, ?)');
  const findEvent = db.prepare('SELECT stream, revision, position FROM events WHERE id = ?');
  const addEvent = db.prepare(
    'INSERT INTO events (position, stream, revision, id, type, hash, meta, data) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
  );
  const dataVersion = db.prepare('PRAGMA data_version');
  const begin = db.prepare('BEGIN IMMEDIATE');
  const finish = db.prepare('COMMIT');

  const heads = new Map<string, StreamHead>();
  let end = start;
  let transaction: { readonly before: End; readonly answers: Answer[] } | undefined;
  const version = dataVersion.get()?.[0];

  function headOf(stream: string): StreamHead | undefined {
    const cached = heads.get(stream);
    if (cached) {
      return cached;
    }
    const id = findStream.get(stream)?.[0];
    if (typeof id !== 'number') {
      return undefined;
    }
    const head = { id, revision: Number(newestOf.get(id)?.[0] ?? NONE) };
    heads.set(stream, head);
    return head;
  }

  function create(stream: string): StreamHead {
    const id = Number(lastStream.get()?.[0]) + 1;
    addStream.run(id, stream, categoryOf(stream));
    const head = { id, revision: NONE };
    heads.set(stream, head);
    return head;
  }

  /** The same events once more get the answer of the first time; any other use of a known id is a conflict. */
  function repeated(request: AppendRequest, head: StreamHead | undefined): Answer | undefined {
    const found = request.events.map((event) => findEvent.get(event.id));
    if (!found.some((row) => row !== undefined)) {
      return undefined;
    }
    const same = found.every(
      (row, index) => row?.[0] === head?.id && row?.[1] === request.expected + 1 + index,
    );
    const last = found.at(-1);
    return same && last
      ? { kind: 'appended', revision: Number(last[1]), position: Number(last[2]) }
      : { kind: 'conflict', actual: head?.revision ?? NONE };
  }

  function append(request: AppendRequest): Answer {
    const known = headOf(request.stream);
    const actual = known?.revision ?? NONE;
    // A single event is put in without asking whether its id is known: the index tells, and costs one look less.
    const again =
      actual === request.expected && request.events.length === 1 ? undefined : repeated(request, known);
    if (again || actual !== request.expected) {
      return again ?? { kind: 'conflict', actual };
    }
    const head = known ?? create(request.stream);
    try {
      return insert(request, head);
    } catch (error) {
      const isKnown = sqliteFault(error)?.code === SQLITE.CONSTRAINT && request.events.length === 1;
      const answer = isKnown ? repeated(request, head) : undefined;
      if (!answer) {
        throw error;
      }
      return answer;
    }
  }

  function insert(request: AppendRequest, head: StreamHead): Answer {
    let { position, hash } = end;
    let { revision } = head;
    for (const event of request.events) {
      position += 1;
      revision += 1;
      const { id, type, meta, data } = event;
      hash = chained(hash, { position, stream: request.stream, revision, id, type, meta, data });
      addEvent.run(position, head.id, revision, id, type, hash, meta, data);
    }
    head.revision = revision;
    end = { position, hash };
    return { kind: 'appended', revision, position };
  }

  function take(group: readonly AppendRequest[]): void {
    orGiveUp(() => {
      if (!transaction) {
        transaction = { before: end, answers: [] };
        begin.run();
        // Changes by another connection would break the chain; the lock keeps it out, unless its file was removed.
        invariant(dataVersion.get()?.[0] === version, 'another process wrote to the log');
      }
      for (const request of group) {
        transaction.answers.push(append(request));
      }
    });
  }

  function commit(): Committed {
    const answers = transaction?.answers ?? [];
    const started = clock.monotonic();
    orGiveUp(() => finish.run());
    transaction = undefined;
    if (heads.size > MAX_CACHED_STREAMS) {
      heads.clear();
    }
    return { answers, took: clock.monotonic() - started };
  }

  function orGiveUp(work: () => void): void {
    try {
      work();
    } catch (error) {
      end = transaction?.before ?? end;
      transaction = undefined;
      heads.clear();
      rollBack(db);
      throw error;
    }
  }

  return { take, commit, end: () => end };
}

/** SQLite may have rolled back by itself; then there is nothing to do. */
function rollBack(db: Database): void {
  try {
    db.exec('ROLLBACK');
  } catch {
    // No transaction is open any more.
  }
}
