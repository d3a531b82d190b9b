// SPDX-License-Identifier: Apache-2.0
import { errorMessage, type Timers } from '../../kernel/index.js';
import type { Scrubbed } from '../port.js';
import { openDatabase } from './database.js';
import { walkChain } from './walk.js';

export interface ScrubOptions {
  readonly timers: Timers;
  /** Told once: of the first event that is not as it was written, or why the log cannot be read. */
  readonly damaged: (error: Error) => void;
  /** From the end of a round to the next; a day when left out. */
  readonly everyMs?: number;
}

export interface Scrub {
  scrubbed(): Scrubbed;
  stop(): Promise<void>;
}

const DAY_MS = 24 * 60 * 60 * 1000;
/** So few at a time, and with such a pause, that nothing else is held up: some 3,000 events/s. */
const BATCH = 32;
const PAUSE_MS = 10;

/**
 * Walks the chain of a log in use again and again, from its first event, slowly. A start checks the newest events only,
 * and what nobody reads can rot for years. Each round has a connection of its own, which remembers no page.
 */
export function scrub(path: string, { timers, damaged, everyMs = DAY_MS }: ScrubOptions): Scrub {
  const stopping = new AbortController();
  const { signal } = stopping;
  let through = 0;
  let damage: string | undefined;

  async function round(): Promise<void> {
    const db = openDatabase(path, 'read-only');
    try {
      for (const batch of walkChain(db, 0, BATCH)) {
        through = Math.max(through, batch.at(-1)?.position ?? 0);
        await timers.sleep(PAUSE_MS, signal);
      }
    } finally {
      db.close();
    }
  }

  async function rounds(): Promise<void> {
    for (;;) {
      await round();
      await timers.sleep(everyMs, signal);
    }
  }

  const ended = rounds().catch((error: unknown) => {
    if (signal.aborted) {
      return;
    }
    damage = errorMessage(error);
    damaged(error instanceof Error ? error : new Error(damage));
  });

  return {
    scrubbed: () => ({ through: BigInt(through), ...(damage === undefined ? {} : { damage }) }),
    stop: () => {
      stopping.abort();
      return ended;
    },
  };
}
