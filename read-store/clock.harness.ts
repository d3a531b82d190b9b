// SPDX-License-Identifier: Apache-2.0
import type { Clock } from '../kernel/index.js';

/** A clock that moves only when it is told to. */
export function manualClock(start = 1_700_000_000_000): Clock & { advance(ms: number): void } {
  let elapsed = 0;
  return {
    now: () => start + elapsed,
    monotonic: () => elapsed,
    advance: (ms) => {
      elapsed += ms;
    },
  };
}
