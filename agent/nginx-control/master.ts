// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import type { Clock, Timers } from '../../kernel/index.js';

/** The number in a pid file: a hint where to look, never a fact. */
export function readPid(path: string): number | undefined {
  try {
    const text = readFileSync(path, 'latin1').trim();
    return /^[1-9]\d{0,9}$/.test(text) ? Number(text) : undefined;
  } catch {
    return undefined;
  }
}

const LOOK_MS = 10;

/** Looks again and again until the condition holds; false when the time is over. */
export async function waitUntil(
  deps: { clock: Clock; timers: Timers },
  timeoutMs: number,
  condition: () => boolean | Promise<boolean>,
): Promise<boolean> {
  const end = deps.clock.monotonic() + timeoutMs;
  while (!(await condition())) {
    if (deps.clock.monotonic() >= end) {
      return false;
    }
    await deps.timers.sleep(LOOK_MS);
  }
  return true;
}
