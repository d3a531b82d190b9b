// SPDX-License-Identifier: Apache-2.0
import type { Op } from '../read-store/index.js';
import {
  type BookDoc,
  DAY_MS,
  floorTo,
  HOUR_MS,
  LOG_BLOCKS,
  LOG_BOOKS,
  LOG_HEADS,
  METRIC_DAYS,
  METRIC_HOURS,
  slotsBefore,
  startOf,
  type TelemetryStore,
} from './layout.js';

export interface RetentionSettings {
  /** Access-log records. */
  readonly accessLogMs: number;
  /** Access-log records of one workspace, about. */
  readonly accessLogBytes: number;
  /** Metrics minute by minute; hour by hour they are kept for `metricsMs`. */
  readonly minutesMs: number;
  readonly metricsMs: number;
}

export const defaultRetention: RetentionSettings = {
  accessLogMs: 3 * DAY_MS,
  accessLogBytes: 512 * 1024 * 1024,
  minutesMs: 14 * DAY_MS,
  metricsMs: 400 * DAY_MS,
};

const PAGE = 500;
/** Deleted together: few, because the store may serve others in the same thread. */
const BLOCKS = 8;
const DOCUMENTS = 100;

/** Removes what is too old, and the oldest of what is too much, in small steps. Several may do it at a time. */
export async function sweep(
  store: TelemetryStore,
  now: number,
  { accessLogMs, accessLogBytes, minutesMs, metricsMs }: RetentionSettings,
  pause: () => Promise<void>,
): Promise<void> {
  const remove = async (collections: readonly string[], ids: readonly string[]): Promise<void> => {
    const ops: Op[] = ids.flatMap((id) =>
      collections.map((collection): Op => ({ kind: 'delete', collection, id })),
    );
    await store.write(ops);
    await pause();
  };

  async function removeBefore(collection: string, at: number): Promise<void> {
    for (;;) {
      const { items } = await store.find(collection, { orderBy: 'slot', limit: DOCUMENTS });
      const old = items.filter(({ slot }) => String(slot) < slotsBefore(at));
      await remove(
        [collection],
        old.map(({ id }) => id),
      );
      if (old.length < DOCUMENTS) {
        return;
      }
    }
  }

  /** The book goes last, so that a hand that was stopped in the middle is followed by another. */
  async function removeHour(slot: string, books: readonly BookDoc[]): Promise<void> {
    for (;;) {
      const { items } = await store.find(LOG_HEADS, { where: { slot }, limit: BLOCKS });
      if (items.length === 0) {
        break;
      }
      await remove(
        [LOG_BLOCKS, LOG_HEADS],
        items.map(({ id }) => id),
      );
    }
    await remove(
      [LOG_BOOKS],
      books.map(({ id }) => id),
    );
  }

  /** Hours of the access log that have to go, the oldest first. */
  async function hoursToRemove(): Promise<ReadonlyMap<string, readonly BookDoc[]>> {
    const books: BookDoc[] = [];
    for (let offset = 0, total = 1; offset < total; offset += PAGE) {
      const page = await store.find(LOG_BOOKS, { orderBy: 'slot', descending: true, offset, limit: PAGE });
      books.push(...(page.items as readonly BookDoc[]));
      total = page.total;
      await pause();
    }
    const slots = new Map<string, BookDoc[]>();
    for (const book of books) {
      slots.set(book.slot, [...(slots.get(book.slot) ?? []), book]);
    }
    const oldest = floorTo(now - accessLogMs, HOUR_MS);
    const sizes = new Map<string, number>();
    const gone: (readonly [string, readonly BookDoc[]])[] = [];
    for (const [slot, own] of slots) {
      const workspace = slot.slice(slot.indexOf('/') + 1);
      const newer = sizes.get(workspace) ?? 0;
      const size = newer + own.reduce((sum, { bytes }) => sum + bytes, 0);
      sizes.set(workspace, size);
      // The newest hour stays: its writer sees to its size.
      if (startOf(slot) < oldest || (newer > 0 && size > accessLogBytes)) {
        gone.push([slot, own]);
      }
    }
    return new Map(gone.reverse());
  }

  for (const [slot, books] of await hoursToRemove()) {
    await removeHour(slot, books);
  }
  await removeBefore(METRIC_HOURS, floorTo(now - minutesMs, HOUR_MS));
  await removeBefore(METRIC_DAYS, floorTo(now - metricsMs, DAY_MS));
}
