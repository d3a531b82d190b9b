// SPDX-License-Identifier: Apache-2.0
import { setImmediate as turn } from 'node:timers/promises';
import { type Category, categoryOf, deferred, type Timers } from '../../kernel/index.js';
import type { RawDelivery, StoredRawEvent } from '../port.js';
import { wokenOrAborted } from '../wake.js';
import type { Timing } from './calls.js';
import { isOurs, positionOf, storedEvent } from './events.js';
import type { Feed } from './feed.js';
import type { Reader } from './reader.js';

/** How far a reader has come; kept over the subscriptions at the server. */
export interface Follow {
  /** Where the next subscription goes on: everything up to here has been given, or is not asked for. */
  at: bigint;
  /** The last position of an event of ours up to which that holds. Only such are told: `head` knows no others. */
  ours: bigint;
  told: bigint | undefined;
}

export interface FollowDeps {
  readonly reader: Reader;
  readonly timers: Timers;
  readonly timing: Timing;
}

export interface FollowOptions {
  /** Where the log ended before the subscription was made. */
  readonly end: bigint;
  readonly over: AbortSignal;
  /** Set when the server brings more than is asked for. */
  readonly only: readonly Category[] | undefined;
  /** Goes on when it has caught up. */
  readonly wide: boolean;
}

/** `caught-up`: all is there, and a wider subscription is to go on. `silent`: something should have come and did not. */
export type FollowEnd = 'caught-up' | 'silent' | 'over';

/** Throws what ended the feed, after all that came before it. */
export async function* followFeed(
  { reader, timers, timing }: FollowDeps,
  feed: Feed,
  state: Follow,
  { end, over, only, wide }: FollowOptions,
): AsyncGenerator<RawDelivery, FollowEnd, undefined> {
  const wanted = only && new Set<string>(only);
  let live = false;
  let damage: unknown;

  function tell(): RawDelivery[] {
    if (state.told !== undefined && state.ours <= state.told) {
      return [];
    }
    state.told = state.ours;
    return [{ kind: 'caught-up', position: state.ours }];
  }

  /** How many came, and which of them are to be given. Stops at one that cannot be read. */
  function take(): { readonly taken: number; readonly events: readonly StoredRawEvent[] } {
    const taken = feed.take();
    const events: StoredRawEvent[] = [];
    try {
      for (const event of taken) {
        const position = positionOf(event);
        // What a subscription brings again, after another one or at its own beginning, has been given.
        if (position <= state.at) {
          continue;
        }
        if (isOurs(event)) {
          if (!wanted || wanted.has(categoryOf(event.streamId))) {
            events.push(storedEvent(event));
          }
          state.ours = position;
          reader.seen(position);
        }
        state.at = position;
      }
    } catch (error) {
      damage = error;
    }
    return { taken: taken.length, events };
  }

  while (!over.aborted) {
    const changed = feed.changed();
    const { taken, events } = take();
    if (events.length > 0) {
      yield { kind: 'events', events };
    }
    if (damage !== undefined) {
      throw damage;
    }
    if (taken > 0) {
      continue;
    }
    // All that came before has been taken: now what the server said behind it counts.
    const checkpoint = feed.checkpoint();
    if (checkpoint !== undefined && checkpoint > state.at) {
      state.at = checkpoint;
    }
    if (feed.caughtUp()) {
      live = true;
      state.ours = end > state.ours ? end : state.ours;
      yield* tell();
      if (!wide) {
        return 'caught-up';
      }
    } else if (live && state.told !== state.ours) {
      yield* tell();
    } else if (checkpoint === undefined) {
      if (feed.failure() !== undefined) {
        throw feed.failure();
      }
      const silent = !(await heard(changed, timers, timing.watchMs, over));
      if (silent && (!live || (await reader.head()) > state.ours)) {
        return 'silent';
      }
      // Events come one by one: those of one turn are taken together.
      await turn();
    }
  }
  return 'over';
}

/** False when nothing happened for so long. */
async function heard(
  changed: Promise<void>,
  timers: Timers,
  ms: number,
  over: AbortSignal,
): Promise<boolean> {
  let inTime = true;
  const late = deferred();
  const cancel = timers.after(ms, () => {
    inTime = false;
    late.resolve();
  });
  await wokenOrAborted(Promise.race([changed, late.promise]), over);
  cancel();
  return inTime;
}
