// SPDX-License-Identifier: Apache-2.0
import { type Clock, networkOf, type Random } from '../kernel/index.js';

const LONGEST_WAIT_S = 30;

/**
 * Admission at a bounded rate. `take` gives 0, or how many milliseconds to stay away: those who are turned away are
 * counted too, so that they come back spread over time and not together.
 */
export function admission(deps: { clock: Clock; random: Random }, perSecond: number): { take(): number } {
  let tokens = perSecond;
  let at = deps.clock.monotonic();
  return {
    take: () => {
      const now = deps.clock.monotonic();
      tokens = Math.min(perSecond, tokens + ((now - at) / 1000) * perSecond);
      at = now;
      tokens = Math.max(tokens - 1, -perSecond * LONGEST_WAIT_S);
      return tokens >= 0 ? 0 : Math.ceil(1000 - (tokens / perSecond) * 1000 * (0.5 + deps.random.fraction()));
    },
  };
}

const MAX_NETWORKS = 10_000;

/** Counts what a network (or whatever else has a name) does within a window. */
export function attemptLimit(
  clock: Clock,
  limit: number,
  windowMs: number,
): {
  /** Milliseconds to wait; 0 when free. */ wait(address: string): number;
  count(address: string): void;
} {
  const networks = new Map<string, { times: number; until: number }>();
  const find = (address: string) => {
    const key = networkOf(address);
    const known = networks.get(key);
    if (known && known.until <= clock.monotonic()) {
      networks.delete(key);
      return { key, known: undefined };
    }
    return { key, known };
  };
  return {
    wait: (address) => {
      const { known } = find(address);
      return known && known.times >= limit ? Math.ceil(known.until - clock.monotonic()) : 0;
    },
    count: (address) => {
      const { key, known } = find(address);
      if (known) {
        known.times += 1;
        return;
      }
      if (networks.size >= MAX_NETWORKS) {
        const oldest = networks.keys().next();
        networks.delete(oldest.value ?? '');
      }
      networks.set(key, { times: 1, until: clock.monotonic() + windowMs });
    },
  };
}
