// SPDX-License-Identifier: Apache-2.0
import type { Lease } from '../port.js';
import type { Commits } from './commits.js';
import type { Control, Database } from './database.js';
import { DUPLICATE_KEY, hasCode } from './errors.js';
import { positionText } from './values.js';

export interface Leases {
  acquire(name: string, owner: string, ttlMs: number): Promise<Lease | undefined>;
  release(lease: Lease): Promise<void>;
}

/** How often others may come first between our look and our grasp; whoever loses as often has lost. */
const ATTEMPTS = 5;

/**
 * By the server's clock, read before the grasp: the lease ends a little early rather than late, and never depends on
 * the clocks of those who hold it. A clock that jumps when another server takes over ends a lease early or late; the
 * epoch, asked for in every commit, keeps the first owner from writing then.
 */
export function mongoLeases({ control, now }: Database, commits: Commits): Leases {
  async function create(name: string, owner: string, expires: number): Promise<boolean> {
    try {
      await control.insertOne({ _id: name, owner, epoch: 1, expires, position: positionText(0n) });
      return true;
    } catch (error) {
      if (hasCode(error, DUPLICATE_KEY)) {
        return false;
      }
      throw error;
    }
  }

  /** Only if nothing happened to it since we looked. */
  async function take(held: Control, owner: string, epoch: number, expires: number): Promise<boolean> {
    const seen = { _id: held._id, owner: held.owner, epoch: held.epoch, expires: held.expires };
    return (await control.updateOne(seen, { $set: { owner, epoch, expires } })).matchedCount === 1;
  }

  return {
    acquire: async (name, owner, ttlMs) => {
      for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
        const time = await now();
        const held = await control.findOne({ _id: name });
        const expires = time + Math.ceil(ttlMs);
        if (!held) {
          if (await create(name, owner, expires)) {
            return { name, owner, epoch: 1 };
          }
          continue;
        }
        const own = held.owner === owner;
        if (!own && held.expires > time) {
          return undefined;
        }
        const epoch = own ? held.epoch : held.epoch + 1;
        if (await take(held, owner, epoch, expires)) {
          if (!own && held.pending) {
            await commits.finish(name, held.pending);
          }
          return { name, owner, epoch };
        }
      }
      return undefined;
    },
    release: async ({ name, owner, epoch }) => {
      await control.updateOne({ _id: name, owner, epoch }, { $set: { expires: 0 } });
    },
  };
}
