// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';

/** Wall-clock and monotonic time in milliseconds. Passed in everywhere, so that a simulation can own it. */
export interface Clock {
  /** Milliseconds since 1970-01-01 UTC; may jump. For display and expiry only, never for ordering. */
  now(): number;
  /** Milliseconds that never go back; for leases, deadlines and durations. */
  monotonic(): number;
}

export interface Timers {
  /** Resolves after `ms`; rejects with the signal's reason if that comes first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Runs `task` once after `ms`; returns what cancels it. Does not keep the process alive. */
  after(ms: number, task: () => void): () => void;
  /** Runs `task` every `ms`; returns what stops it. Does not keep the process alive. */
  every(ms: number, task: () => void): () => void;
}

export interface Random {
  bytes(count: number): Buffer;
  /** A number in [0, 1). */
  fraction(): number;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
};

export const systemTimers: Timers = {
  sleep: (ms, signal) => delay(ms, undefined, signal ? { signal } : {}),
  after: (ms, task) => {
    const timer = setTimeout(task, ms).unref();
    return () => clearTimeout(timer);
  },
  every: (ms, task) => {
    const timer = setInterval(task, ms).unref();
    return () => clearInterval(timer);
  },
};

export const systemRandom: Random = {
  bytes: (count) => randomBytes(count),
  fraction: () => Math.random(),
};

/** RFC 3339 in UTC with milliseconds, as every timestamp in events and answers. */
export const timestamp = (ms: number): string => new Date(ms).toISOString();
