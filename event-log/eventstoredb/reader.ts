// SPDX-License-Identifier: Apache-2.0
import { BACKWARDS, END, type RecordedEvent } from '@eventstore/db-client';
import { LogDamaged, type ReadOptions, type StoredRawEvent } from '../port.js';
import { type CallDeps, pause, surely } from './calls.js';
import { isStreamNotFound } from './errors.js';
import { isOurs, positionOf, storedEvent } from './events.js';
import { collect } from './pages.js';

const PAGE = 256;
const FIRST_BACK = 4;
const LONGEST_BACK = 512;

export interface Reader {
  read(stream: string, options: ReadOptions): AsyncGenerator<readonly StoredRawEvent[], void, undefined>;
  /** The last event of a stream; undefined when there is none. */
  last(stream: string): Promise<StoredRawEvent | undefined>;
  /** Position of the newest event of ours; `0n` when there is none. */
  head(): Promise<bigint>;
  /** The log holds an event of ours at this position. */
  seen(position: bigint): void;
  /** Throws when the log may have lost what it held: it is looked at where there is doubt. */
  sound(): Promise<void>;
  /** Why nothing is to be written any more, if so. */
  shrunk(): string | undefined;
}

export function openReader(deps: CallDeps): Reader {
  const { connection } = deps;
  let known = 0n;
  /** Between `known` and here stands nothing of ours. */
  let looked = 0n;
  let shrunk: string | undefined;
  const seen = (position: bigint): void => {
    known = position > known ? position : known;
  };

  /** The server gives `maxCount` events unless the stream ends. */
  const page = (stream: string, fromRevision: bigint, maxCount: number): Promise<RecordedEvent[]> =>
    surely(deps, `read ${stream}`, async (over) => {
      const options = { ...connection.options, fromRevision, maxCount };
      return existing(collect(connection.client.readStream(stream, options), over));
    });

  async function* read(stream: string, options: ReadOptions) {
    let next = options.from ?? 0n;
    let left = options.limit ?? Number.POSITIVE_INFINITY;
    const { to } = options;
    while (left > 0 && (to === undefined || next <= to)) {
      const count = Math.min(PAGE, left, to === undefined ? PAGE : Number(to - next) + 1);
      const events = await page(stream, next, count);
      const ours = events.filter(isOurs).map(storedEvent);
      if (ours.length > 0) {
        yield ours;
      }
      const last = events.at(-1);
      if (!last || events.length < count) {
        return;
      }
      next = last.revision + 1n;
      left -= events.length;
    }
  }

  async function last(stream: string): Promise<StoredRawEvent | undefined> {
    const [event] = await surely(deps, `read ${stream}`, async (over) => {
      const options = {
        ...connection.options,
        direction: BACKWARDS,
        fromRevision: END,
        maxCount: 1,
      } as const;
      return existing(collect(connection.client.readStream(stream, options), over));
    });
    return event && storedEvent(event);
  }

  const backwards = (from: bigint | undefined, maxCount: number): Promise<RecordedEvent[]> =>
    surely(deps, 'read $all backwards', async (over) => {
      const fromPosition = from === undefined ? END : { commit: from, prepare: from };
      const options = { ...connection.options, direction: BACKWARDS, fromPosition, maxCount } as const;
      const found = await collect(connection.client.readAll(options), over);
      return found.flatMap((one) => one.event ?? []);
    });

  /** Where `$all` ends, and the newest event of ours in it above `stop`. */
  async function lookBack(stop: bigint): Promise<{ readonly end: bigint; readonly ours?: bigint }> {
    let end: bigint | undefined;
    let from: bigint | undefined;
    for (let count = FIRST_BACK; ; count = Math.min(count * 4, LONGEST_BACK)) {
      const page = await backwards(from, count);
      // A page may begin with the event that the one before it ended with.
      const newer = page.filter((event) => from === undefined || positionOf(event) < from);
      for (const event of newer) {
        from = positionOf(event);
        end ??= from;
        if (from > stop && isOurs(event)) {
          return { end, ours: from };
        }
      }
      if (newer.length === 0 || (from ?? 0n) <= stop) {
        return { end: end ?? 0n };
      }
    }
  }

  /** The server's own events may stand behind ours, many of them: only the new ones are looked through. */
  async function head(): Promise<bigint> {
    const before = known;
    if (shrunk !== undefined) {
      throw new LogDamaged(shrunk);
    }
    let waitedMs = 0;
    for (let attempt = 1; ; attempt += 1) {
      const { end, ours = before } = await lookBack(looked > before ? looked : before);
      if (end >= before) {
        looked = end;
        seen(ours);
        deps.doubt.is = false;
        return ours;
      }
      // An answered append may be ahead of what reads show, and what is found here is found for good.
      if (waitedMs >= deps.timing.callMs) {
        shrunk = `the log ends at position ${end}, but held an event at ${before}`;
        throw new LogDamaged(shrunk);
      }
      const ms = pause(deps, attempt);
      waitedMs += ms;
      await deps.timers.sleep(ms, deps.closed).catch(() => undefined);
    }
  }

  async function sound(): Promise<void> {
    if (deps.doubt.is || shrunk !== undefined) {
      await head();
    }
  }

  return { read, last, head, seen, sound, shrunk: () => shrunk };
}

/** A stream that was never written is empty. */
async function existing(page: Promise<{ readonly event?: RecordedEvent }[]>): Promise<RecordedEvent[]> {
  try {
    return (await page).flatMap((one) => one.event ?? []);
  } catch (error) {
    if (isStreamNotFound(error)) {
      return [];
    }
    throw error;
  }
}
