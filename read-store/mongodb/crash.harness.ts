// SPDX-License-Identifier: Apache-2.0
import type { Database } from './database.js';

const WRITES = ['insertOne', 'updateOne', 'bulkWrite', 'deleteMany'];

/** Thrown where a process would have ended. */
export class Crashed extends Error {}

/**
 * The same database for a process that ends at its write number `last` (from 0): of a bulk only the first half arrives,
 * of anything else nothing. `counted` tells how many writes there were.
 */
export function crashingAt(database: Database, last: number): Database & { counted(): number } {
  let count = 0;
  const wrap = <T extends object>(collection: T): T =>
    new Proxy(collection, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name);
        if (typeof member !== 'function') {
          return member;
        }
        return (...args: readonly unknown[]): unknown => {
          const crashes = WRITES.includes(String(name)) && count++ >= last;
          if (!crashes) {
            return Reflect.apply(member, target, args);
          }
          const [operations] = args;
          const half = Array.isArray(operations) ? operations.slice(0, operations.length >> 1) : [];
          const arrived: unknown =
            half.length > 0 ? Reflect.apply(member, target, [half, ...args.slice(1)]) : undefined;
          return Promise.resolve(arrived).then(() => {
            throw new Crashed(`at write ${last}: ${String(name)}`);
          });
        };
      },
    });
  return {
    ...database,
    control: wrap(database.control),
    intents: wrap(database.intents),
    docs: (physical) => wrap(database.docs(physical)),
    counted: () => count,
  };
}
