// SPDX-License-Identifier: Apache-2.0
import type { Doc, Op } from '../read-store/index.js';
import {
  type BlockDoc,
  type BookDoc,
  floorTo,
  type HeadDoc,
  HOUR_MS,
  LOG_BLOCKS,
  LOG_BOOKS,
  LOG_CURSORS,
  LOG_HEADS,
  type LogRecord,
  slotOf,
  stored,
  type TelemetryStore,
} from './layout.js';

/** How far the log of an agent has been taken. */
export interface LogCursor {
  /** Names the log in which sequences count. */
  readonly source: string;
  readonly sequence: number;
}

/** What comes into the store together or not at all. */
export interface LogBatchToWrite {
  readonly workspaceId: string;
  readonly records: readonly LogRecord[];
  /** Where the agents' logs have been taken to with these records. */
  readonly cursors: ReadonlyMap<string, LogCursor>;
  /** Records that were left out, at this instant. */
  readonly dropped?: { readonly at: number; readonly count: number };
}

export interface LogWriter {
  cursor(agentId: string): Promise<LogCursor | undefined>;
  write(batches: readonly LogBatchToWrite[]): Promise<void>;
}

/** So that opening one for a single line costs little. */
const BLOCK_LINES = 500;
/** Hours of which this writer keeps its book in memory; of one that it has forgotten it begins another book. */
const MOST_BOOKS = 10_000;

export interface LogWriterDeps {
  readonly store: TelemetryStore;
  /** Ids in the order of time. */
  readonly newId: () => string;
  /** The most of one hour of a workspace; what is more is left out. */
  readonly hourBytes: number;
}

/** One writer a process: its books are its own. */
export function logWriter({ store, newId, hourBytes }: LogWriterDeps): LogWriter {
  const books = new Map<string, BookDoc>();

  return {
    cursor: async (agentId) => {
      const doc = await store.get(LOG_CURSORS, agentId);
      return doc && { source: String(doc.source), sequence: Number(doc.sequence) };
    },
    write: async (batches) => {
      const ops: Op[] = [];
      const changed = new Map<string, BookDoc>();
      const book = (slot: string): BookDoc =>
        changed.get(slot) ?? books.get(slot) ?? { id: newId(), slot, statuses: {}, bytes: 0, dropped: 0 };
      for (const { workspaceId, records, cursors, dropped } of batches) {
        for (const [slot, lines] of bySlot(workspaceId, records)) {
          for (let first = 0; first < lines.length; first += BLOCK_LINES) {
            const before = book(slot);
            const some = lines.slice(first, first + BLOCK_LINES);
            if (before.bytes > hourBytes) {
              changed.set(slot, { ...before, dropped: before.dropped + some.length });
              continue;
            }
            const { block, head } = blockOf(newId(), slot, some);
            const bytes = before.bytes + lengthOf(block);
            changed.set(slot, { ...before, bytes, statuses: sum(before.statuses, head.statuses) });
            ops.push(put(LOG_BLOCKS, block), put(LOG_HEADS, head));
          }
        }
        if (dropped && dropped.count > 0) {
          const slot = slotOf(floorTo(dropped.at, HOUR_MS), workspaceId);
          const before = book(slot);
          changed.set(slot, { ...before, dropped: before.dropped + dropped.count });
        }
        for (const [agentId, cursor] of cursors) {
          ops.push(put(LOG_CURSORS, { id: agentId, ...cursor }));
        }
      }
      await store.write([...ops, ...[...changed.values()].map((doc) => put(LOG_BOOKS, doc))]);
      for (const [slot, doc] of changed) {
        books.set(slot, doc);
      }
      for (const slot of books.keys()) {
        if (books.size <= MOST_BOOKS) {
          break;
        }
        books.delete(slot);
      }
    },
  };
}

const put = (collection: string, doc: Doc): Op => ({ kind: 'put', collection, doc });

function bySlot(workspaceId: string, records: readonly LogRecord[]): ReadonlyMap<string, LogRecord[]> {
  const slots = new Map<string, LogRecord[]>();
  for (const record of [...records].sort((a, b) => a.at - b.at)) {
    const slot = slotOf(floorTo(record.at, HOUR_MS), workspaceId);
    const known = slots.get(slot);
    if (known) {
      known.push(record);
    } else {
      slots.set(slot, [record]);
    }
  }
  return slots;
}

function blockOf(
  id: string,
  slot: string,
  records: readonly LogRecord[],
): { block: BlockDoc; head: HeadDoc } {
  const agents = [...new Set(records.map(({ agentId }) => agentId))];
  const values = records.flatMap((record) => stored(record, agents.indexOf(record.agentId)));
  const statuses: Record<string, number> = {};
  for (const { status } of records) {
    statuses[status] = (statuses[status] ?? 0) + 1;
  }
  const [from, to] = [records[0]?.at ?? 0, records.at(-1)?.at ?? 0];
  return { block: { id, agents, values }, head: { id, slot, from, to, statuses } };
}

/** About what a block takes; counting its bytes would take writing it twice. */
const lengthOf = ({ values }: BlockDoc): number =>
  values.reduce((bytes: number, value) => bytes + (typeof value === 'string' ? value.length + 3 : 8), 200);

function sum(
  a: Readonly<Record<string, number>>,
  b: Readonly<Record<string, number>>,
): Readonly<Record<string, number>> {
  const total = { ...a };
  for (const [key, count] of Object.entries(b)) {
    total[key] = (total[key] ?? 0) + count;
  }
  return total;
}
