// SPDX-License-Identifier: Apache-2.0
import type { Clock, Timers } from '../kernel/index.js';
import type { Lease, ReadStore } from './port.js';

export interface LeaseDeps {
  readonly store: ReadStore;
  readonly clock: Clock;
  readonly timers: Timers;
  /** Names this process (and nobody else) among all that share the store. */
  readonly owner: string;
  readonly leaseTtlMs: number;
}

export interface HeldLease {
  readonly epoch: number;
  /** Aborts when the lease is lost or too near its end to trust. */
  readonly lost: AbortSignal;
  /** Ask before every write: false when the lease may have run out since (a paused process finds out here). */
  held(): boolean;
  release(): Promise<void>;
}

/** Takes a lease and renews it at a third of its time; undefined when somebody else has it. */
export async function holdLease(deps: LeaseDeps, name: string): Promise<HeldLease | undefined> {
  const { store, clock, timers, owner, leaseTtlMs: ttl } = deps;
  const lost = new AbortController();
  // Counted from before the question, so that it ends here no later than in the store.
  let asked = clock.monotonic();
  const lease: Lease | undefined = await store.acquireLease(name, owner, ttl);
  if (!lease) {
    return undefined;
  }
  let until = asked + ttl;
  let renewing = false;
  const held = (): boolean => !lost.signal.aborted && clock.monotonic() < until - ttl / 6;

  async function renew(): Promise<void> {
    if (renewing) {
      return;
    }
    renewing = true;
    try {
      asked = clock.monotonic();
      const again = await store.acquireLease(name, owner, ttl);
      if (again?.epoch === lease?.epoch) {
        until = asked + ttl;
      } else {
        lost.abort();
      }
    } catch {
      // The store is out of reach: the lease lives on until its end.
    } finally {
      renewing = false;
    }
    if (!held()) {
      lost.abort();
    }
  }

  const stop = timers.every(ttl / 3, () => void renew());
  return {
    epoch: lease.epoch,
    lost: lost.signal,
    held,
    release: async () => {
      stop();
      await store.releaseLease(lease).catch(() => {});
    },
  };
}
