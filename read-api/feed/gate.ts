// SPDX-License-Identifier: Apache-2.0
import { type Deferred, deferred } from '../../kernel/index.js';

/** Lets so many in at once; the others wait in their order. */
export interface Gate {
  /** Resolves with what lets the next one in. */
  enter(): Promise<() => void>;
}

export function gate(places: number): Gate {
  let free = places;
  const waiting: Deferred<void>[] = [];
  return {
    enter: async () => {
      if (free > 0) {
        free -= 1;
      } else {
        const turn = deferred();
        waiting.push(turn);
        await turn.promise;
      }
      return () => {
        const next = waiting.shift();
        if (next) {
          next.resolve();
        } else {
          free += 1;
        }
      };
    },
  };
}
