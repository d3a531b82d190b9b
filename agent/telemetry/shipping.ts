// SPDX-License-Identifier: Apache-2.0
import type { Clock } from '../../kernel/index.js';
import { type LogBatch, LogEntry } from '../../proto/index.js';
import type { AccessLine } from './line.js';
import type { Position } from './position.js';

/** Records on their way to the master: at a bounded rate, in bounded number, each until it is acknowledged. */
export interface Shipping {
  /** How many records are left out for it, because there are too many: 0, itself, or those that have waited longest. */
  offer(line: AccessLine, end: number): number;
  /** The next batch that may be on its way; `sent` names it. */
  next(): { readonly batch: LogBatch; sent(messageId: string): void } | undefined;
  /** True when it was a batch. One that the master did not keep is sent again. */
  acknowledged(messageId: string, kept: boolean): boolean;
  /** Nothing that was sent will be acknowledged any more. */
  disconnected(): void;
}

interface Waiting {
  readonly entry: LogEntry;
  /** Position before it. */
  readonly begin: number;
}

const MOST_WAITING = 10_000;
/** Taken out together when there are too many. */
const GIVEN_UP = 1000;
const BATCH = 500;
const BATCH_CHARACTERS = 256 * 1024;
/** So few that what else is to be said waits behind little. */
const MOST_BATCHES = 4;
/** Requests that the server failed at have a budget of their own, so that a flood of others does not hide them. */
const FAILED = 500;

const sizeOf = (text: Readonly<Record<string, string>>): number =>
  Object.values(text).reduce((sum, value) => sum + value.length, 0);

function budget(clock: Clock, perSecond: number): () => boolean {
  let left = 2 * perSecond;
  let at = clock.monotonic();
  return () => {
    const now = clock.monotonic();
    left = Math.min(2 * perSecond, left + ((now - at) / 1000) * perSecond);
    at = now;
    if (left < 1) {
      return false;
    }
    left -= 1;
    return true;
  };
}

/** Moves `position.shipped`. */
export function createShipping(clock: Clock, perSecond: number, position: Position): Shipping {
  const all = budget(clock, perSecond);
  const failed = budget(clock, Math.max(1, perSecond / 10));
  let waiting: Waiting[] = [];
  /** Of those that wait, how many are on their way. */
  let underway = 0;
  let batches: { readonly messageId: string; readonly count: number; done: boolean }[] = [];
  let seen = position.shipped;

  const moved = (): void => {
    position.shipped = waiting[0]?.begin ?? seen;
  };
  const sendAgain = (): void => {
    underway = 0;
    batches = [];
  };

  return {
    offer: (line, end) => {
      const begin = seen;
      seen = end;
      const fits = all() || (line.status >= FAILED && failed());
      const full = waiting.length >= MOST_WAITING;
      // The newest are worth more than the oldest.
      const givenUp = fits && full && underway === 0 ? waiting.splice(0, GIVEN_UP).length : 0;
      const taken = fits && waiting.length < MOST_WAITING;
      if (taken) {
        const entry = LogEntry.fromPartial({
          timestamp: BigInt(line.at),
          level: 'access',
          fields: line.fields,
          sequence: BigInt(end),
        });
        waiting.push({ entry, begin });
      }
      moved();
      return taken ? givenUp : 1;
    },
    next: () => {
      if (underway >= waiting.length || batches.length >= MOST_BATCHES) {
        return undefined;
      }
      const entries: LogEntry[] = [];
      for (let size = 0; entries.length < BATCH && size < BATCH_CHARACTERS; ) {
        const one = waiting[underway + entries.length];
        if (one === undefined) {
          break;
        }
        size += sizeOf(one.entry.fields);
        entries.push(one.entry);
      }
      return {
        batch: { entries, source: position.source },
        sent: (messageId) => {
          underway += entries.length;
          batches.push({ messageId, count: entries.length, done: false });
        },
      };
    },
    acknowledged: (messageId, kept) => {
      const batch = batches.find((one) => one.messageId === messageId);
      if (batch === undefined) {
        return false;
      }
      if (!kept) {
        sendAgain();
        return true;
      }
      batch.done = true;
      const open = batches.findIndex(({ done }) => !done);
      const finished = batches.splice(0, open === -1 ? batches.length : open);
      const count = finished.reduce((sum, one) => sum + one.count, 0);
      waiting = waiting.slice(count);
      underway -= count;
      moved();
      return true;
    },
    disconnected: sendAgain,
  };
}
