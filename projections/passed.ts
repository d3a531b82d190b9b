// SPDX-License-Identifier: Apache-2.0
import { type Clock, type Deferred, deferred, type Position, type Timers } from '../kernel/index.js';
import { type ReadStore, StoreUnavailable } from '../read-store/index.js';
import { type Projection, versionName } from './projection.js';

const FIRST_PAUSE_MS = 5;
/** A store that answers late is busy: it is asked half of the time at most, and seldom enough to get on. */
const LAST_PAUSE_MS = 100;

interface Waiter {
  readonly position: Position;
  /** Names of those that have not passed it. */
  readonly behind: Set<string>;
  readonly outcome: Deferred<boolean>;
}

/**
 * Read-your-writes from another process than the one that projects: looks at the stored checkpoints of the versions that
 * readers see until all have passed the position. False when that takes longer than `withinMs`, whatever the store does.
 * One look serves everybody who waits: what is asked of the store does not grow with the number of commands.
 */
export function storedPassed(
  { store, clock, timers }: { store: ReadStore; clock: Clock; timers: Timers },
  projections: readonly Projection[],
): (position: Position, withinMs: number) => Promise<boolean> {
  const waiting = new Set<Waiter>();
  const versions = new Map<string, number>();
  let looking = false;

  const checkpoint = (name: string, version: number): Promise<Position> =>
    version === 0 ? Promise.resolve(-1n) : store.checkpoint(versionName({ name, version }));

  /** Asks for both at once; a version that readers have left since is not what was asked for. */
  async function reached(name: string): Promise<Position> {
    const before = versions.get(name) ?? 0;
    const [version, position] = await Promise.all([store.pointer(name), checkpoint(name, before)]);
    versions.set(name, version);
    return version === before ? position : checkpoint(name, version);
  }

  async function look(): Promise<void> {
    // Whoever comes while it is being looked waits for the next look.
    const asking = [...waiting];
    const names = new Set(asking.flatMap(({ behind }) => [...behind]));
    await Promise.all(
      [...names].map(async (name) => {
        const position = await reached(name);
        for (const waiter of asking) {
          if (position >= waiter.position) {
            waiter.behind.delete(name);
          }
          if (waiter.behind.size === 0) {
            waiter.outcome.resolve(true);
          }
        }
      }),
    );
  }

  async function lookOn(): Promise<void> {
    looking = true;
    while (waiting.size > 0) {
      const started = clock.monotonic();
      try {
        await look();
      } catch (error) {
        if (!(error instanceof StoreUnavailable)) {
          for (const { outcome } of waiting) {
            outcome.reject(error);
          }
        }
      }
      const took = clock.monotonic() - started;
      await timers.sleep(Math.min(LAST_PAUSE_MS, Math.max(FIRST_PAUSE_MS, took)));
    }
    looking = false;
  }

  return async (position, withinMs) => {
    const waiter = {
      position,
      behind: new Set(projections.map(({ name }) => name)),
      outcome: deferred<boolean>(),
    };
    waiting.add(waiter);
    const cancel = timers.after(withinMs, () => waiter.outcome.resolve(false));
    if (!looking) {
      void lookOn();
    }
    try {
      return await waiter.outcome.promise;
    } finally {
      cancel();
      waiting.delete(waiter);
    }
  };
}
