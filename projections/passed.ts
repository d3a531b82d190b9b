// SPDX-License-Identifier: Apache-2.0
import type { Clock, Position, Timers } from '../kernel/index.js';
import { type ReadStore, StoreUnavailable } from '../read-store/index.js';
import { type Projection, versionName } from './projection.js';

const LOOK_AGAIN_MS = 5;

/**
 * Read-your-writes from another process than the one that projects: looks at the stored checkpoints of the versions that
 * readers see until all have passed the position. False when that takes longer than `withinMs`.
 */
export const storedPassed =
  (deps: { store: ReadStore; clock: Clock; timers: Timers }, projections: readonly Projection[]) =>
  async (position: Position, withinMs: number): Promise<boolean> => {
    const { store, clock, timers } = deps;
    const until = clock.monotonic() + withinMs;
    const behind = async ({ name }: Projection): Promise<boolean> => {
      const version = await store.pointer(name);
      return version === 0 || (await store.checkpoint(versionName({ name, version }))) < position;
    };
    let waiting = projections;
    for (;;) {
      try {
        const late = await Promise.all(waiting.map(behind));
        waiting = waiting.filter((_, index) => late[index]);
      } catch (error) {
        if (!(error instanceof StoreUnavailable)) {
          throw error;
        }
      }
      if (waiting.length === 0 || clock.monotonic() >= until) {
        return waiting.length === 0;
      }
      await timers.sleep(LOOK_AGAIN_MS);
    }
  };
