// SPDX-License-Identifier: Apache-2.0
import type { Position } from '../../kernel/index.js';

/**
 * `starting`: nothing done yet. `standby`: another process publishes. `catching-up`, `live`: as they say.
 * `waiting`: brokers, log or store are out of reach or refuse, and will be asked again; `error` says why.
 * `stopped`: only a person can help. `ended`: told to stop, or as far as it was to go.
 */
export type PublisherState =
  | 'starting'
  | 'standby'
  | 'catching-up'
  | 'live'
  | 'waiting'
  | 'stopped'
  | 'ended';

export interface Progress {
  readonly state: PublisherState;
  /** The brokers have everything up to here. */
  readonly position: Position;
  /** Acknowledged by this process since it started, dead letters among them. */
  readonly published: number;
  readonly deadLetters: number;
  readonly error?: string;
}

export interface Tally {
  get(): Progress;
  update(change: Pick<Partial<Progress>, 'state' | 'position' | 'error'>): void;
  sent(count: number, deadLetters: number): void;
}

export function tally(): Tally {
  let now: Progress = { state: 'starting', position: 0n, published: 0, deadLetters: 0 };
  return {
    get: () => now,
    update: (change) => {
      const { error: _, ...before } = now;
      now = { ...before, ...change };
    },
    sent: (count, deadLetters) => {
      now = { ...now, published: now.published + count, deadLetters: now.deadLetters + deadLetters };
    },
  };
}
