// SPDX-License-Identifier: Apache-2.0
import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Item } from './item.js';
import { createRing } from './ring.js';

const item = (position: bigint, size: number): Item => ({ position, size }) as Item;

test('what is behind the floor is here, in order and whole, within both bounds', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ step: fc.integer({ min: 1, max: 5 }), size: fc.integer({ min: 1, max: 50 }) })),
      fc.integer({ min: 1, max: 8 }),
      fc.integer({ min: 1, max: 120 }),
      (steps, maxItems, maxSize) => {
        const ring = createRing(7n, maxItems, maxSize);
        const all: Item[] = [];
        let position = 7n;
        for (const { step, size } of steps) {
          position += BigInt(step);
          all.push(item(position, size));
          ring.push(item(position, size));
          const behind = all.filter((one) => one.position > ring.floor);
          const here: bigint[] = [];
          for (let number = ring.after(ring.floor); number < ring.end; number++) {
            here.push(ring.at(number)?.position ?? -1n);
          }
          assert.equal(
            here,
            behind.map((one) => one.position),
          );
          assert.ok(behind.length <= maxItems);
          assert.ok(behind.length <= 1 || behind.reduce((sum, one) => sum + one.size, 0) <= maxSize);
          assert.is(ring.at(ring.after(ring.floor) - 1), undefined);
          assert.is(ring.after(position), ring.end);
        }
      },
    ),
    { seed: 1, numRuns: 300 },
  );
});

test.run();
