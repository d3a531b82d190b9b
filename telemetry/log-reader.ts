// SPDX-License-Identifier: Apache-2.0
import { uuidv5 } from '../kernel/index.js';
import { UnknownCollection } from '../read-store/index.js';
import {
  type BlockDoc,
  type BookDoc,
  floorTo,
  type HeadDoc,
  HOUR_MS,
  LOG_BLOCKS,
  LOG_BOOKS,
  LOG_HEADS,
  type LogRecord,
  recordCount,
  restored,
  type Statuses,
  slotOf,
  type TelemetryStore,
} from './layout.js';

export interface LogQuery {
  readonly workspaceId: string;
  /** From an instant to another that does not belong to it. */
  readonly from: number;
  readonly to: number;
  readonly status?: (status: number) => boolean;
  /** What only the line itself says. */
  readonly line?: (record: LogRecord) => boolean;
  readonly limit: number;
  /** Only what comes after this. */
  readonly after?: LogPlace;
}

/** Where a record stands in the order of answers: the newest first, then by block and line, the last first. */
export interface LogPlace {
  readonly at: number;
  readonly block: string;
  readonly line: number;
}

export interface FoundRecord extends LogRecord {
  readonly id: string;
  readonly place: LogPlace;
}

export interface LogAnswer {
  readonly records: readonly FoundRecord[];
  /** Where the next page begins; undefined when there is none. */
  readonly next?: LogPlace;
  /** Undefined where the query goes on after a place: it was counted for the first page. */
  readonly total?: number;
  /** False: there was more to look through than one query may; `total` is what was found until then. */
  readonly exact: boolean;
  /** Lines that the gateway left out in these hours. */
  readonly dropped: number;
}

export type LogReader = (query: LogQuery) => Promise<LogAnswer>;

/** Blocks that one query may open. */
const MOST_BLOCKS = 400;
const AT_ONCE = 8;

const compare = (a: LogPlace, b: LogPlace): number =>
  b.at - a.at || (a.block < b.block ? 1 : a.block > b.block ? -1 : b.line - a.line);

/** `pause` lets others have their turn between two blocks. */
export function logReader(
  store: TelemetryStore,
  pause: () => Promise<void>,
  mostBlocks = MOST_BLOCKS,
): LogReader {
  async function find<T>(collection: string, slot: string): Promise<readonly T[]> {
    try {
      return (await store.find(collection, { where: { slot } })).items as unknown as readonly T[];
    } catch (error) {
      // Before the first gateway there is nothing.
      if (error instanceof UnknownCollection) {
        return [];
      }
      throw error;
    }
  }

  return async ({ workspaceId, from, to, status, line, limit, after }) => {
    const matching = (statuses: Statuses): number =>
      Object.entries(statuses).reduce(
        (count, [code, lines]) => count + (status === undefined || status(Number(code)) ? lines : 0),
        0,
      );
    const records: FoundRecord[] = [];
    let next: LogPlace | undefined;
    let stopped: LogPlace | undefined;
    let total = 0;
    let dropped = 0;
    let opened = 0;
    const counting = after === undefined;
    const newest = Math.min(to - 1, after?.at ?? to - 1);

    const accept = (found: FoundRecord): void => {
      if (records.length < limit) {
        records.push(found);
      } else {
        next ??= records.at(-1)?.place;
      }
    };

    /** The lines of some blocks that are asked for. */
    async function open(heads: readonly HeadDoc[]): Promise<FoundRecord[]> {
      await pause();
      const blocks = await store.getMany(
        LOG_BLOCKS,
        heads.map(({ id }) => id),
      );
      return [...blocks.values()].flatMap((doc) => {
        const { id: block } = doc;
        return Array.from({ length: recordCount(doc as BlockDoc) }).flatMap((_, index) => {
          const record = restored(doc as BlockDoc, index);
          const place = { at: record.at, block, line: index };
          const wanted =
            record.at >= from &&
            record.at < to &&
            (status === undefined || status(record.status)) &&
            (line === undefined || line(record)) &&
            (after === undefined || compare(place, after) > 0);
          return wanted ? [{ ...record, id: uuidv5(block, index), place }] : [];
        });
      });
    }

    /** False when the query has looked through as much as it may. */
    async function look(slot: string): Promise<boolean> {
      const heads = (await find<HeadDoc>(LOG_HEADS, slot))
        .filter((head) => head.to >= from && head.from <= newest && matching(head.statuses) > 0)
        .sort((a, b) => b.to - a.to);
      /** Opened, but perhaps not the newest of what is still closed. */
      let pool: FoundRecord[] = [];
      const give = (until: number): void => {
        pool.sort((a, b) => compare(a.place, b.place));
        const ready = pool.findIndex(({ at }) => at <= until);
        for (const found of pool.splice(0, ready === -1 ? pool.length : ready)) {
          accept(found);
        }
      };
      for (let first = 0; first < heads.length; ) {
        const done = next !== undefined;
        if (done && !counting) {
          return true;
        }
        const batch: HeadDoc[] = [];
        for (; first < heads.length && batch.length < AT_ONCE; first += 1) {
          const head = heads[first] as HeadDoc;
          if (done && line === undefined && head.from >= from && head.to < to) {
            total += matching(head.statuses);
          } else {
            batch.push(head);
          }
        }
        if (opened + batch.length > mostBlocks) {
          // All that is newer has been given.
          stopped = { at: (batch[0]?.to ?? 0) + 1, block: '', line: 0 };
          return false;
        }
        opened += batch.length;
        const found = batch.length > 0 ? await open(batch) : [];
        total += found.length;
        pool.push(...found);
        give(heads[first]?.to ?? Number.NEGATIVE_INFINITY);
        if (done) {
          pool = [];
        }
      }
      return true;
    }

    let exact = true;
    for (let hour = floorTo(newest, HOUR_MS); hour + HOUR_MS > from && exact; hour -= HOUR_MS) {
      const slot = slotOf(hour, workspaceId);
      const books = await find<BookDoc>(LOG_BOOKS, slot);
      const lines = books.reduce((count, { statuses }) => count + matching(statuses), 0);
      dropped += books.reduce((count, book) => count + book.dropped, 0);
      const whole = hour >= from && hour + HOUR_MS <= to && line === undefined;
      if (lines === 0 || (next !== undefined && !counting)) {
        continue;
      }
      if (next !== undefined && whole) {
        total += lines;
      } else {
        exact = await look(slot);
      }
    }
    next ??= stopped;
    return { records, ...(next && { next }), ...(counting && { total }), exact, dropped };
  };
}
