// SPDX-License-Identifier: Apache-2.0
import { categoryOf, invariant, notifier } from '../../kernel/index.js';
import {
  type Appended,
  type Expected,
  type LogAdapter,
  LogDamaged,
  type RawDelivery,
  type RawEvent,
  type ReadOptions,
  type StoredRawEvent,
  type SubscribeOptions,
  Unavailable,
  VersionConflict,
} from '../port.js';
import { wokenOrAborted } from '../wake.js';

/** Positions grow by more than one, as in other stores, so that no reader comes to count on the next number. */
const STEP = 16n;
const BATCH = 256;

/** The log in memory: for tests, simulations and trying things out. */
export function memoryLog(): LogAdapter {
  const all: StoredRawEvent[] = [];
  const byStream = new Map<string, StoredRawEvent[]>();
  const byId = new Map<string, StoredRawEvent>();
  const committed = notifier();
  let closed = false;

  const usable = (): void => {
    if (closed) {
      throw new Unavailable('the log is closed');
    }
  };
  const head = (): bigint => all.at(-1)?.position ?? 0n;

  function append(stream: string, expected: Expected, events: readonly RawEvent[]): Appended {
    usable();
    const before = byStream.get(stream) ?? [];
    byStream.set(stream, before);
    const actual: Expected = before.at(-1)?.revision ?? 'none';
    const first = expected === 'none' ? 0n : expected + 1n;
    const known = events.map((event) => byId.get(event.id));
    if (known.some((event) => event !== undefined)) {
      const again = known.every(
        (event, index) => event?.stream === stream && event.revision === first + BigInt(index),
      );
      const last = known.at(-1);
      if (!again || !last) {
        throw new VersionConflict(stream, expected, actual);
      }
      return { revision: last.revision, position: last.position };
    }
    if (actual !== expected) {
      throw new VersionConflict(stream, expected, actual);
    }
    const stored = events.map((event, index) => ({
      ...event,
      stream,
      revision: first + BigInt(index),
      position: head() + STEP * BigInt(index + 1),
    }));
    const last = stored.at(-1);
    invariant(last, 'an append holds at least one event');
    all.push(...stored);
    before.push(...stored);
    for (const event of stored) {
      byId.set(event.id, event);
    }
    committed.notify();
    return { revision: last.revision, position: last.position };
  }

  async function* read(stream: string, options: ReadOptions) {
    usable();
    const from = Number(options.from ?? 0n);
    const to = options.to === undefined ? Number.POSITIVE_INFINITY : Number(options.to) + 1;
    const events = (byStream.get(stream) ?? []).slice(from, Math.min(to, from + (options.limit ?? to)));
    for (let start = 0; start < events.length; start += BATCH) {
      yield events.slice(start, start + BATCH);
    }
  }

  async function* subscribe(options: SubscribeOptions): AsyncGenerator<RawDelivery, void, undefined> {
    const { signal } = options;
    const wanted = options.categories && new Set<string>(options.categories);
    let index = firstAfter(all, options.after);
    let told: bigint | undefined;
    while (!signal.aborted) {
      usable();
      if (index < all.length) {
        const batch = all.slice(index, index + BATCH);
        index += batch.length;
        const events = wanted ? batch.filter((event) => wanted.has(categoryOf(event.stream))) : batch;
        if (events.length > 0) {
          yield { kind: 'events', events };
        }
        continue;
      }
      const position = head();
      if (position < options.after) {
        throw new LogDamaged(`the log ends at position ${position}, a reader has seen ${options.after}`);
      }
      if (told !== position) {
        told = position;
        yield { kind: 'caught-up', position };
        continue;
      }
      await wokenOrAborted(committed.wait(), signal);
    }
  }

  return {
    append: async (stream, expected, events) => append(stream, expected, events),
    read,
    subscribe,
    head: async () => head(),
    close: async () => {
      closed = true;
      committed.notify();
    },
  };
}

/** Index of the first event behind a position. */
function firstAfter(events: readonly StoredRawEvent[], position: bigint): number {
  let low = 0;
  let high = events.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((events[middle]?.position ?? 0n) <= position) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}
