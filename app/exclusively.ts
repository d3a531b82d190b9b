// SPDX-License-Identifier: Apache-2.0
import { type Timers, unavailable } from '../kernel/index.js';
import type { ReadStore } from '../read-store/index.js';

export type Exclusively = <T>(name: string, task: () => Promise<T>) => Promise<T>;

/** A process that dies in a task holds up the others for no longer; while it lives the lease is renewed. */
const LEASE_MS = 15_000;
const RENEW_MS = LEASE_MS / 3;
const LOOK_AGAIN_MS = 50;
const PATIENCE_MS = 20_000;

interface Deps {
  readonly store: ReadStore;
  readonly owner: string;
  readonly timers: Timers;
  /** Other processes share the store: a lease in it keeps them out too. */
  readonly shared: boolean;
}

const done = (): void => {};

/** Tasks of one name run one after the other: in this process by a queue, over all of them by a lease. */
export function exclusively({ store, owner, timers, shared }: Deps): Exclusively {
  const queues = new Map<string, Promise<unknown>>();

  async function leased<T>(name: string, task: () => Promise<T>): Promise<T> {
    if (!shared) {
      return task();
    }
    let lease = await store.acquireLease(name, owner, LEASE_MS);
    for (let waited = 0; !lease; waited += LOOK_AGAIN_MS) {
      if (waited >= PATIENCE_MS) {
        throw unavailable('Somebody else is at it; try again');
      }
      await timers.sleep(LOOK_AGAIN_MS);
      lease = await store.acquireLease(name, owner, LEASE_MS);
    }
    // A log that is away makes a task of several steps longer than any lease would be.
    let renewing: Promise<unknown> = Promise.resolve();
    const stop = timers.every(RENEW_MS, () => {
      renewing = renewing.then(() => store.acquireLease(name, owner, LEASE_MS)).catch(done);
    });
    try {
      return await task();
    } finally {
      stop();
      // One that is still on its way would take it again.
      await renewing;
      await store.releaseLease(lease);
    }
  }

  return async (name, task) => {
    const mine = (queues.get(name) ?? Promise.resolve()).then(() => leased(name, task));
    const settled = mine.then(done, done);
    queues.set(name, settled);
    try {
      return await mine;
    } finally {
      if (queues.get(name) === settled) {
        queues.delete(name);
      }
    }
  };
}
