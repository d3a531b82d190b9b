// SPDX-License-Identifier: Apache-2.0
import type { Timers } from '../kernel/index.js';

/** Waits for a promise, but no longer than `ms`; rejects as it does, and goes on without it when the time is up. */
export async function within(timers: Timers, ms: number, promise: Promise<unknown>): Promise<void> {
  const over = new AbortController();
  const late = timers.sleep(ms, over.signal).catch(() => {});
  await Promise.race([promise, late]).finally(() => over.abort());
}
