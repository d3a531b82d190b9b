// SPDX-License-Identifier: Apache-2.0
import { errorMessage } from '../../kernel/index.js';
import { LogDamaged } from '../port.js';
import { chained, GENESIS, type Link } from './chain.js';
import type { Database, Row } from './database.js';

/** A place in the log whose bytes are not what was written. Members are known as far as the damage lets them be. */
export interface DamagedEvent {
  readonly position: number;
  readonly stream?: string;
  readonly revision?: number;
  readonly what: string;
}

/** Names the first event that is not as it was written. */
export class ChainBroken extends LogDamaged {
  readonly at: DamagedEvent;

  constructor(at: DamagedEvent) {
    super(inWords(at));
    this.name = 'ChainBroken';
    this.at = at;
  }
}

function inWords({ position, stream, revision, what }: DamagedEvent): string {
  const event = stream === undefined ? '' : `, event ${revision} of ${stream}`;
  return `position ${position}${event}: ${what}`;
}

/** An event of the chain with its hash. */
export interface ChainedEvent extends Link {
  readonly hash: Uint8Array;
}

const ROWS = `SELECT e.position, s.name, e.revision, e.id, e.type, e.hash, e.meta, e.data
  FROM events e LEFT JOIN streams s ON s.id = e.stream
  WHERE e.position > ? ORDER BY e.position LIMIT ?`;

/**
 * Reads the chain behind `after` and recomputes each link, in batches. Throws `ChainBroken` at the first event that
 * is not as it was written, is missing or stands out of order.
 */
export function* walkChain(
  db: Database,
  after: number,
  batch = 256,
): Generator<ChainedEvent[], void, undefined> {
  const rows = db.prepare(ROWS);
  let position = after;
  let hash: Uint8Array = after === 0 ? GENESIS : hashAt(db, after);
  for (;;) {
    let found: Row[];
    try {
      found = rows.all(position, batch);
    } catch (error) {
      if (batch > 1) {
        // One by one, to find the event that cannot be read.
        yield* walkChain(db, position, 1);
        return;
      }
      throw new ChainBroken({ position: position + 1, what: `cannot be read: ${errorMessage(error)}` });
    }
    if (found.length === 0) {
      return;
    }
    const events = found.map((row) => {
      const event = linked(row, position, hash);
      ({ position, hash } = event);
      return event;
    });
    yield events;
  }
}

/** The hash that stands at a position. Throws `ChainBroken` when there is none. */
export function hashAt(db: Database, position: number): Uint8Array {
  const hash = db.prepare('SELECT hash FROM events WHERE position = ?').get(position)?.[0];
  if (!(hash instanceof Uint8Array)) {
    throw new ChainBroken({ position, what: 'is missing' });
  }
  return hash;
}

function linked(row: Row, before: number, previous: Uint8Array): ChainedEvent {
  const [position, stream, revision, id, type, hash, meta, data] = row;
  if (position !== before + 1) {
    throw new ChainBroken({ position: before + 1, what: 'is missing' });
  }
  if (
    typeof stream !== 'string' ||
    typeof revision !== 'number' ||
    typeof id !== 'string' ||
    typeof type !== 'string' ||
    !(hash instanceof Uint8Array) ||
    typeof meta !== 'string' ||
    typeof data !== 'string'
  ) {
    throw new ChainBroken({
      position,
      ...(typeof stream === 'string' && typeof revision === 'number' ? { stream, revision } : {}),
      what: 'is not an event',
    });
  }
  const link = { position, stream, revision, id, type, meta, data };
  if (!chained(previous, link).equals(hash)) {
    throw new ChainBroken({ position, stream, revision, what: 'is not what was written' });
  }
  return { ...link, hash };
}
