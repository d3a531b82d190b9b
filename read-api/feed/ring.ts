// SPDX-License-Identifier: Apache-2.0
import type { Position } from '../../kernel/index.js';
import type { Item } from './item.js';

/** The newest events, shared by all readers of a process: each has its own place in it and no queue of its own. */
export interface Ring {
  /** Everything behind this position is here. */
  readonly floor: Position;
  /** Number of the next item to come. */
  readonly end: number;
  push(item: Item): void;
  /** The item with this number; undefined when it is not here. */
  at(number: number): Item | undefined;
  /** Number of the first item behind a position that is not below the floor. */
  after(position: Position): number;
}

const MAX_ITEMS = 4_096;

export function createRing(start: Position, capacity = MAX_ITEMS): Ring {
  let floor = start;
  // Twice as many are kept before half of them go, so that none is moved often.
  let items: Item[] = [];
  let first = 0;
  return {
    get floor() {
      return floor;
    },
    get end() {
      return first + items.length;
    },
    push: (item) => {
      if (items.length >= 2 * capacity) {
        floor = items[capacity - 1]?.position ?? floor;
        items = items.slice(capacity);
        first += capacity;
      }
      items.push(item);
    },
    at: (number) => items[number - first],
    after: (position) => {
      let low = 0;
      let high = items.length;
      while (low < high) {
        const middle = (low + high) >> 1;
        if ((items[middle]?.position ?? 0n) <= position) {
          low = middle + 1;
        } else {
          high = middle;
        }
      }
      return first + low;
    },
  };
}
