// SPDX-License-Identifier: Apache-2.0
import { categoryOf, type Notifier, notifier, type Position } from '../kernel/index.js';
import type { StoredEvent } from '../schemas/index.js';
import type { EventLog } from './port.js';

/** The newest events of a log, read and parsed once for all who follow it live. */
export interface Tail {
  /** Everything after this position, exclusive, is held or still to come. */
  readonly from: Position;
  /** Up to here nothing is missing. */
  readonly reached: Position;
  readonly ended: boolean;
  readonly news: Notifier;
  /** Held events after a position that is not before `from`. */
  after(position: Position): readonly StoredEvent[];
  stop(): void;
}

/** Follows the log from `from` on until it is stopped or the log fails; holds at least the newest `size` events. */
export function openTail(log: EventLog, from: Position, size: number): Tail {
  const news = notifier();
  const stopping = new AbortController();
  let held: StoredEvent[] = [];
  let start = from;
  let reached = from;
  let ended = false;

  async function run(): Promise<void> {
    try {
      for await (const delivery of log.subscribe({ after: from, signal: stopping.signal })) {
        if (delivery.kind === 'event') {
          held.push(delivery.event);
          if (held.length >= 2 * size) {
            start = held[held.length - size - 1]?.position ?? start;
            held = held.slice(-size);
          }
          continue;
        }
        reached = delivery.position;
        news.notify();
      }
    } catch {
      // Whoever follows reads for himself then, and meets the same error if it is his.
    } finally {
      ended = true;
      news.notify();
    }
  }
  void run();

  return {
    get from() {
      return start;
    },
    get reached() {
      return reached;
    },
    get ended() {
      return ended;
    },
    news,
    after: (position) => {
      let index = held.length;
      while (index > 0 && (held[index - 1]?.position ?? 0n) > position) {
        index -= 1;
      }
      const end = held.findLastIndex((event) => event.position <= reached) + 1;
      return held.slice(index, end);
    },
    stop: () => stopping.abort(),
  };
}

/** Whether an event is of these categories and types; all where left out. */
export function selects(options: {
  readonly categories?: readonly string[];
  readonly types?: readonly string[];
}): (event: StoredEvent) => boolean {
  const categories = options.categories && new Set(options.categories);
  const types = options.types && new Set(options.types);
  return (event) =>
    (!categories || categories.has(categoryOf(event.stream))) && (!types || types.has(event.type));
}
