// SPDX-License-Identifier: Apache-2.0
/**
 * One subscriber of the feed. It has no queue: it has a place in the log. While its sink has room it takes what all readers
 * share; where that does not reach back to its place, it reads the log for itself until it does. So nothing is missed
 * and nothing comes twice, and a slow subscriber holds back only itself.
 */
import { errorMessage, type Position } from '../../kernel/index.js';
import { feedTypes } from './catalogue.js';
import type { FeedDeps, FeedLimits } from './deps.js';
import type { Ending } from './endings.js';
import { caughtUp, gap, positionFrame } from './frames.js';
import type { Hub, Listener } from './hub.js';
import { type Item, itemOf } from './item.js';

/** Where a subscriber's frames go. */
export interface Sink {
  /** Whether it has room; `pump` is called again when it has. */
  ready(): boolean;
  item(item: Item): void;
  text(frame: string): void;
  close(why: Ending): void;
}

export interface Subscriber extends Listener {
  /** Everything up to here was sent, or is none of its business. */
  readonly position: Position;
  readonly ended: boolean;
  /** Goes on behind a position, or from now on. */
  start(after: Position | undefined): void;
  /** Notes that it is alive and what it has taken since; ends it where it takes nothing. */
  check(): void;
  /** Tells where it is, when that has changed and nothing else has told. */
  heartbeat(): void;
  end(why: Ending): void;
}

export interface SubscriberDeps extends Pick<FeedDeps, 'log' | 'clock' | 'timers' | 'logger'> {
  readonly hub: Hub;
  readonly sink: Sink;
  readonly limits: FeedLimits;
  /** Whether this subscriber asked for it and may see it. */
  wants(item: Item): boolean;
  /** Whether it asked for anything. */
  idle(): boolean;
}

/** Between so many events of a replay, timers and requests come in. */
const SLICE = 256;
/** After so many it is somebody else's turn: a subscriber of everything must not keep the others from their little. */
const TURN = 4_096;

export function createSubscriber(deps: SubscriberDeps): Subscriber {
  const { hub, sink, clock, timers } = deps;
  const { ring } = hub;
  let cursor = hub.position;
  /** Number in the ring of what comes next; valid while the ring reaches back to the cursor. */
  let next = ring.end;
  let told = cursor;
  let owesCaughtUp = false;
  let replaying = false;
  /** Another one at each start: a replay of the one before must not move its cursor. */
  let run = 0;
  let ended = false;
  let stalledSince: number | undefined;
  let stalledAt = cursor;

  const offer = (item: Item): void => {
    cursor = item.position;
    if (deps.wants(item)) {
      told = cursor;
      sink.item(item);
    }
  };

  /** What the ring has. */
  function live(): void {
    for (let item = ring.at(next); item; item = ring.at(next)) {
      if (!sink.ready()) {
        return;
      }
      next += 1;
      if (item.position > cursor) {
        offer(item);
      }
    }
    if (hub.position > cursor) {
      cursor = hub.position;
    }
    if (owesCaughtUp && sink.ready()) {
      owesCaughtUp = false;
      told = cursor;
      sink.text(caughtUp(clock, cursor));
    }
  }

  function pump(): void {
    if (ended || replaying || deps.idle() || !sink.ready()) {
      return;
    }
    if (cursor >= ring.floor) {
      if (ring.at(next) === undefined && next < ring.end) {
        next = ring.after(cursor);
      }
      live();
    } else {
      replaying = true;
      void replay();
    }
  }

  async function replay(): Promise<void> {
    const leave = await hub.replays.enter();
    const stopping = new AbortController();
    const from = cursor;
    try {
      await read(stopping.signal);
      next = ring.after(cursor);
    } catch (error) {
      deps.logger.warn({ error: errorMessage(error), after: String(cursor) }, 'a replay of events ended');
      end(cursor === from && !deps.log.isPassing(error) ? 'bad-position' : 'unavailable');
    } finally {
      stopping.abort();
      leave();
      replaying = false;
    }
    pump();
  }

  /** From the log, until the ring reaches back to the cursor or the sink is full. */
  async function read(signal: AbortSignal): Promise<void> {
    let count = 0;
    const mine = run;
    for await (const delivery of deps.log.subscribe({ after: cursor, types: feedTypes, signal })) {
      if (ended || mine !== run) {
        return;
      }
      if (delivery.kind === 'caught-up') {
        cursor = delivery.position;
      } else {
        const item = itemOf(delivery.event);
        if (item) {
          offer(item);
        }
        cursor = delivery.event.position;
      }
      count += 1;
      if (cursor >= ring.floor || !sink.ready() || count === TURN) {
        return;
      }
      if (count % SLICE === 0) {
        await timers.sleep(0);
        if (ended || mine !== run) {
          return;
        }
      }
    }
  }

  function end(why: Ending): void {
    if (!ended) {
      ended = true;
      deps.logger.info({ ending: why, position: String(cursor) }, 'a subscriber of live events ends');
      sink.close(why);
    }
  }

  return {
    get position() {
      return cursor;
    },
    get ended() {
      return ended;
    },
    start: (after) => {
      run += 1;
      cursor = after ?? hub.position;
      next = cursor >= ring.floor ? ring.after(cursor) : ring.end;
      told = cursor;
      owesCaughtUp = true;
    },
    pump,
    check: () => {
      const now = clock.monotonic();
      if (sink.ready() || stalledSince === undefined || cursor !== stalledAt) {
        stalledSince = sink.ready() ? undefined : now;
        stalledAt = cursor;
      } else if (now - stalledSince >= deps.limits.stallMs && !ended) {
        sink.text(gap(clock, cursor));
        end('slow');
      }
      pump();
    },
    heartbeat: () => {
      if (!ended && !replaying && told !== cursor && sink.ready()) {
        told = cursor;
        sink.text(positionFrame(clock, cursor));
      }
    },
    end,
  };
}
