// SPDX-License-Identifier: Apache-2.0
/**
 * One log for many followers in a process. Each catches up by itself; whoever has follows one shared tail, so that an
 * event that all of them wait for is read and parsed once. A follower that is too slow for the tail, or whose tail has
 * ended, reads for itself again until it has caught up: it never misses an event and never holds up another.
 */
import type { Position } from '../kernel/index.js';
import type { Delivery, EventLog, SubscribeOptions } from './port.js';
import { openTail, selects, type Tail } from './tail.js';
import { wokenOrAborted } from './wake.js';

const HELD_EVENTS = 2_048;

interface Followed {
  readonly tail: Tail;
  followers: number;
}

export function sharedLog(log: EventLog, size = HELD_EVENTS): EventLog {
  /** One that has ended may have followers still, who do not know it yet. */
  let newest: Followed | undefined;

  /** The tail, if it still holds everything after the position. */
  function join(position: Position): Followed | undefined {
    if (!newest || newest.tail.ended) {
      newest = { tail: openTail(log, position, size), followers: 0 };
    }
    if (position < newest.tail.from) {
      return undefined;
    }
    newest.followers += 1;
    return newest;
  }

  function leave(left: Followed): void {
    left.followers -= 1;
    if (left.followers === 0) {
      left.tail.stop();
      newest = newest === left ? undefined : newest;
    }
  }

  /** Reads until it has caught up; gives the position that it has then, or undefined when it was ended. */
  async function* catchUp(
    options: SubscribeOptions,
    after: Position,
  ): AsyncGenerator<Delivery, Position | undefined, undefined> {
    for await (const delivery of log.subscribe({ ...options, after })) {
      yield delivery;
      if (delivery.kind === 'caught-up') {
        return delivery.position;
      }
    }
    return undefined;
  }

  /** Follows the tail; gives the position from which to read by oneself when the tail is of no use any more. */
  async function* follow(
    options: SubscribeOptions,
    from: Position,
    shared: Tail,
  ): AsyncGenerator<Delivery, Position, undefined> {
    const wanted = selects(options);
    let at = from;
    while (!options.signal.aborted && at >= shared.from) {
      const news = shared.news.wait();
      if (shared.reached > at) {
        const to = shared.reached;
        for (const event of shared.after(at)) {
          if (options.signal.aborted) {
            return at;
          }
          if (wanted(event)) {
            yield { kind: 'event', event };
          }
        }
        at = to;
        yield { kind: 'caught-up', position: at };
      } else if (shared.ended) {
        return at;
      } else {
        await wokenOrAborted(news, options.signal);
      }
    }
    return at;
  }

  async function* subscribe(options: SubscribeOptions): AsyncGenerator<Delivery, void, undefined> {
    let at: Position | undefined = options.after;
    while (!options.signal.aborted) {
      at = yield* catchUp(options, at);
      if (at === undefined) {
        return;
      }
      const shared = join(at);
      if (shared) {
        try {
          at = yield* follow(options, at, shared.tail);
        } finally {
          leave(shared);
        }
      }
    }
  }

  return { ...log, subscribe };
}
