// SPDX-License-Identifier: Apache-2.0
import { type Clock, notifier, type Position, type Timers } from '../kernel/index.js';

/**
 * `starting`: nothing done yet. `standby`: another owner has the lease. `catching-up`, `live`: as they say.
 * `waiting`: a store is out of reach and will be asked again. `stopped`: only a person can help, `error` says why.
 * `superseded`: readers are on a newer version than this process has.
 */
export type State = 'starting' | 'standby' | 'catching-up' | 'live' | 'waiting' | 'stopped' | 'superseded';

interface Progress {
  readonly state: State;
  /** Everything up to here is in the documents. */
  readonly position: Position;
  readonly parked: number;
  readonly error?: string;
}

export interface Board {
  get(name: string): Progress;
  update(name: string, change: Partial<Progress>): void;
  /** True as soon as all are past the position; false when time is up, or when one can never get there. */
  passed(position: Position, withinMs: number): Promise<boolean>;
}

const INITIAL: Progress = { state: 'starting', position: 0n, parked: 0 };

/** Where each projection stands, and who waits for it. */
export function progressBoard(deps: { clock: Clock; timers: Timers }, names: readonly string[]): Board {
  const board = new Map(names.map((name) => [name, INITIAL]));
  const changed = notifier();

  function outcome(position: Position): boolean | undefined {
    let all = true;
    for (const { state, position: reached } of board.values()) {
      if (state === 'stopped' || state === 'superseded') {
        return false;
      }
      all &&= (state === 'live' || state === 'standby') && reached >= position;
    }
    return all ? true : undefined;
  }

  return {
    get: (name) => board.get(name) ?? INITIAL,
    update: (name, change) => {
      const { error: _, ...before } = board.get(name) ?? INITIAL;
      board.set(name, { ...before, ...change });
      changed.notify();
    },
    passed: async (position, withinMs) => {
      const deadline = deps.clock.monotonic() + withinMs;
      for (;;) {
        const result = outcome(position);
        const remaining = deadline - deps.clock.monotonic();
        if (result !== undefined || remaining <= 0) {
          return result ?? false;
        }
        await new Promise<void>((done) => {
          const cancel = deps.timers.after(remaining, done);
          void changed.wait().then(() => {
            cancel();
            done();
          });
        });
      }
    },
  };
}
