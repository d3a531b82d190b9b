// SPDX-License-Identifier: Apache-2.0
import type { Timers } from './clock.js';
import type { Position } from './event.js';

/** Those who wait for somebody to have come as far as a position of the log. */
export interface Waiters {
  /** True once `reached` has told of the position, false when that takes longer or will never be. */
  wait(position: Position, withinMs: number): Promise<boolean>;
  /** Everything up to here is in; `never`: nobody need wait any more. */
  reached(position: Position | 'never'): void;
}

export function waiters(timers: Timers): Waiters {
  const waiting = new Set<{ readonly position: Position; readonly settle: (result: boolean) => void }>();
  return {
    wait: (position, withinMs) =>
      new Promise((resolve) => {
        const one = {
          position,
          settle: (result: boolean): void => {
            waiting.delete(one);
            cancel();
            resolve(result);
          },
        };
        const cancel = timers.after(Math.max(0, withinMs), () => one.settle(false));
        waiting.add(one);
      }),
    reached: (position) => {
      for (const one of waiting) {
        if (position === 'never' || one.position <= position) {
          one.settle(position !== 'never');
        }
      }
    },
  };
}
