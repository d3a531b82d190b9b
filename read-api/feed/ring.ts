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

export function createRing(start: Position, maxItems: number, maxSize: number): Ring {
  let floor = start;
  let items: (Item | undefined)[] = [];
  /** Number of `items[0]`, and how many at its beginning are gone. */
  let first = 0;
  let gone = 0;
  let size = 0;

  function dropOldest(): void {
    const oldest = items[gone];
    floor = oldest?.position ?? floor;
    size -= oldest?.size ?? 0;
    items[gone] = undefined;
    gone += 1;
    // Rarely, so that none is moved often.
    if (gone > maxItems) {
      items = items.slice(gone);
      first += gone;
      gone = 0;
    }
  }

  return {
    get floor() {
      return floor;
    },
    get end() {
      return first + items.length;
    },
    push: (item) => {
      items.push(item);
      size += item.size;
      while (items.length - gone > maxItems || (size > maxSize && items.length - gone > 1)) {
        dropOldest();
      }
    },
    at: (number) => items[number - first],
    after: (position) => {
      let low = gone;
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
