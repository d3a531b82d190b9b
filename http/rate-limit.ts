// SPDX-License-Identifier: Apache-2.0
import type { Clock } from '../kernel/index.js';
import { HttpError } from './errors.js';

export interface RateLimit {
  /** How many in a window. */
  readonly limit: number;
  readonly windowMs: number;
}

export interface Verdict {
  readonly allowed: boolean;
  readonly limit: number;
  readonly remaining: number;
  /** Milliseconds until the window ends. */
  readonly resetMs: number;
  readonly windowMs: number;
}

export interface RateLimiter {
  /** Counts one try of this key. */
  take(key: string): Verdict;
  /** What `take` would say, without counting. */
  peek(key: string): Verdict;
  /** Takes a counted try back. */
  giveBack(key: string): void;
}

/** How many keys are remembered; beyond it the oldest window is forgotten first. */
const MAX_KEYS = 100_000;

interface Window {
  ends: number;
  used: number;
}

/** Fixed windows in memory, one a key, each beginning with its first try. */
export function rateLimiter(deps: { clock: Clock; maxKeys?: number } & RateLimit): RateLimiter {
  const { clock, limit, windowMs, maxKeys = MAX_KEYS } = deps;
  const windows = new Map<string, Window>();

  // Insertion order is the order in which windows end, so that the expired stand in front.
  const makeRoom = (now: number): void => {
    for (const [key, window] of windows) {
      if (window.ends > now && windows.size < maxKeys) {
        return;
      }
      windows.delete(key);
    }
  };

  const current = (key: string, now: number): Window | undefined => {
    const window = windows.get(key);
    return window && window.ends > now ? window : undefined;
  };

  const verdict = (window: Window | undefined, now: number, allowed: boolean): Verdict => ({
    allowed,
    limit,
    remaining: Math.max(0, limit - (window?.used ?? 0)),
    resetMs: window ? Math.max(0, window.ends - now) : windowMs,
    windowMs,
  });

  return {
    take: (key) => {
      const now = clock.monotonic();
      let window = current(key, now);
      if (!window) {
        windows.delete(key);
        makeRoom(now);
        window = { ends: now + windowMs, used: 0 };
        windows.set(key, window);
      }
      const allowed = window.used < limit;
      window.used += allowed ? 1 : 0;
      return verdict(window, now, allowed);
    },
    peek: (key) => {
      const now = clock.monotonic();
      const window = current(key, now);
      return verdict(window, now, (window?.used ?? 0) < limit);
    },
    giveBack: (key) => {
      const window = current(key, clock.monotonic());
      if (window && window.used > 0) {
        window.used -= 1;
      }
    },
  };
}

/** Which limit an answer speaks of. */
export type Policy = 'principal' | 'network' | 'authentication';

/**
 * `X-RateLimit-Reset` is in seconds since 1970, `-Window` in seconds; `RateLimit` and `RateLimit-Policy` say the same as
 * the draft of the IETF has it.
 */
export function rateLimitHeaders(verdict: Verdict, clock: Clock, policy: Policy): Record<string, string> {
  const { limit, remaining, resetMs, windowMs } = verdict;
  const window = Math.ceil(windowMs / 1000);
  return {
    'X-RateLimit-Limit': String(limit),
    'X-RateLimit-Remaining': String(remaining),
    'X-RateLimit-Reset': String(Math.ceil((clock.now() + resetMs) / 1000)),
    'X-RateLimit-Window': String(window),
    'RateLimit-Policy': `"${policy}";q=${limit};w=${window}`,
    RateLimit: `"${policy}";r=${remaining};t=${Math.ceil(resetMs / 1000)}`,
  };
}

/** RATE_LIMITED with `Retry-After` in seconds. */
export const rateLimited = (verdict: Verdict, clock: Clock, policy: Policy): HttpError =>
  new HttpError('RATE_LIMITED', 'Too many requests', {
    ...rateLimitHeaders(verdict, clock, policy),
    'Retry-After': String(Math.max(1, Math.ceil(verdict.resetMs / 1000))),
  });
