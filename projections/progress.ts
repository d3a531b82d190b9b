// SPDX-License-Identifier: Apache-2.0
import { type Position, type Timers, waiters } from '../kernel/index.js';

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
export function progressBoard(timers: Timers, names: readonly string[]): Board {
  const board = new Map(names.map((name) => [name, INITIAL]));
  const waiting = waiters(timers);

  /** How far all of them are, as far as readers see it. */
  function reached(): Position | 'never' {
    let least: Position | undefined;
    let live = true;
    for (const { state, position } of board.values()) {
      if (state === 'stopped' || state === 'superseded') {
        return 'never';
      }
      live &&= state === 'live' || state === 'standby';
      least = least === undefined || position < least ? position : least;
    }
    return live ? (least ?? 0n) : -1n;
  }

  return {
    get: (name) => board.get(name) ?? INITIAL,
    update: (name, change) => {
      const { error: _, ...before } = board.get(name) ?? INITIAL;
      board.set(name, { ...before, ...change });
      waiting.reached(reached());
    },
    passed: async (position, withinMs) => {
      const now = reached();
      return now === 'never' ? false : now >= position || waiting.wait(position, withinMs);
    },
  };
}
