// SPDX-License-Identifier: Apache-2.0
import type { Random } from '../../kernel/index.js';

const FIRST_MS = 1000;
const MOST_MS = 30_000;
/** The gateway may ask for no more. */
const MOST_ASKED_MS = 3_600_000;

/** How long to stay away before connecting again: anything up to a bound that doubles with each failure in a row. */
export interface Backoff {
  /** `notBefore`: milliseconds that the gateway asked us to wait. */
  next(notBefore?: number): number;
  /** A connection has held. */
  reset(): void;
}

export function createBackoff(random: Random): Backoff {
  let failures = 0;
  return {
    next: (notBefore = 0) => {
      const bound = Math.min(FIRST_MS * 2 ** failures, MOST_MS);
      failures += 1;
      return notBefore > 0
        ? Math.min(notBefore, MOST_ASKED_MS) + random.fraction() * FIRST_MS
        : random.fraction() * bound;
    },
    reset: () => {
      failures = 0;
    },
  };
}
