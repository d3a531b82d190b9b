// SPDX-License-Identifier: Apache-2.0
import { CATEGORIES, errorMessage } from '../../kernel/index.js';
import { LogDamaged, type RawDelivery, type SubscribeOptions, Unavailable } from '../port.js';
import { wokenOrAborted } from '../wake.js';
import { type CallDeps, pause } from './calls.js';
import { AccessRefused, inPortWords } from './errors.js';
import { prefixesOf } from './events.js';
import { openFeed } from './feed.js';
import { type Follow, followFeed } from './follow.js';
import type { Reader } from './reader.js';

export interface SubscribeDeps extends CallDeps {
  readonly reader: Reader;
  /** Told each time that a subscription broke off and is made again. */
  readonly lost: (message: string) => void;
}

/**
 * Follows the log over any number of subscriptions at the server. One that is for some categories catches up with the
 * server leaving the others out; then another takes over that brings them all, because only an event that comes tells
 * how far the log has gone, and whoever waits for a position waits for that of any event.
 */
export async function* subscribe(
  deps: SubscribeDeps,
  options: SubscribeOptions,
): AsyncGenerator<RawDelivery, void, undefined> {
  const { connection, reader, timers, closed } = deps;
  const { signal } = options;
  const over = AbortSignal.any([signal, closed]);
  const narrow = options.categories !== undefined && options.categories.length < CATEGORIES.length;
  const state: Follow = { at: options.after, ours: options.after, told: undefined };
  let wide = !narrow;
  let failures = 0;

  while (!over.aborted) {
    const before = state.at;
    try {
      const end = await unlessOver(reader.head(), over);
      if (end === undefined) {
        break;
      }
      if (end < options.after) {
        throw new LogDamaged(`the log ends at position ${end}, a reader has seen ${options.after}`);
      }
      const feed = openFeed(connection, state.at, prefixesOf(wide ? undefined : options.categories));
      try {
        const only = wide && narrow ? options.categories : undefined;
        const ended = yield* followFeed(deps, feed, state, { end, over, only, wide });
        wide ||= ended === 'caught-up';
        if (ended === 'silent') {
          deps.lost(`a subscription to $all has been silent for ${deps.timing.watchMs} ms`);
        }
      } finally {
        feed.stop();
      }
      failures = 0;
    } catch (error) {
      const told = inPortWords(error, 'subscribe to $all');
      if (over.aborted) {
        break;
      }
      if (!(told instanceof Unavailable) || told instanceof AccessRefused) {
        throw told;
      }
      deps.doubt.is = true;
      failures = state.at > before ? 0 : failures + 1;
      wide = !narrow;
      deps.lost(errorMessage(told));
      await timers.sleep(pause(deps, failures), over).catch(() => undefined);
    }
  }
  if (!signal.aborted) {
    throw new Unavailable('the log is closed');
  }
}

async function unlessOver<T>(promise: Promise<T>, over: AbortSignal): Promise<T | undefined> {
  let result: T | undefined;
  await wokenOrAborted(
    promise.then((value) => {
      result = value;
    }),
    over,
  );
  return result;
}
