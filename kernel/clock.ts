// SPDX-License-Identifier: Apache-2.0
import { randomFillSync } from 'node:crypto';
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

/** Random bytes are asked for by the handful, many times a request: the system is asked for many at once. */
const POOL_BYTES = 4096;
let pool = Buffer.alloc(0);

export const systemRandom: Random = {
  bytes: (count) => {
    if (count > POOL_BYTES / 4) {
      return randomFillSync(Buffer.alloc(count));
    }
    if (pool.length < count) {
      pool = randomFillSync(Buffer.alloc(POOL_BYTES));
    }
    const bytes = Buffer.from(pool.subarray(0, count));
    // What was given out is nobody else's, not even in memory.
    pool.fill(0, 0, count);
    pool = pool.subarray(count);
    return bytes;
  },
  fraction: () => Math.random(),
};

/** RFC 3339 in UTC with milliseconds, as every timestamp in events and answers. */
export function timestamp(ms: number): string {
  if (ms !== newest.ms) {
    newest = { ms, text: new Date(ms).toISOString() };
  }
  return newest.text;
}

/** Many are asked for in the same millisecond. */
let newest = { ms: Number.NaN, text: '' };
