// SPDX-License-Identifier: Apache-2.0
import { errorMessage, type Position } from '../../kernel/index.js';
import { feedTypes } from './catalogue.js';
import type { FeedDeps, FeedLimits } from './deps.js';
import { type Gate, gate } from './gate.js';
import { itemOf } from './item.js';
import { createRing, type Ring } from './ring.js';

/** Whoever wants to know that there is more to read. */
export interface Listener {
  pump(): void;
}

/** The one subscription to the log that all readers of a process share. */
export interface Hub {
  readonly ring: Ring;
  /** Everything up to here is in the ring, or behind it. */
  readonly position: Position;
  /** Bounds the readers that read the log for themselves. */
  readonly replays: Gate;
  readonly listeners: Set<Listener>;
  /** Why nothing comes; empty when all is well. */
  readonly trouble: string;
  stop(): Promise<void>;
}

const FIRST_RETRY_MS = 100;
const LAST_RETRY_MS = 5_000;

export async function startHub(
  { log, timers, logger }: Pick<FeedDeps, 'log' | 'timers' | 'logger'>,
  limits: FeedLimits,
): Promise<Hub> {
  const start = await log.head();
  const ring = createRing(start, limits.ringItems, limits.ringBytes);
  const listeners = new Set<Listener>();
  const stopping = new AbortController();
  const { signal } = stopping;
  let position = start;
  let trouble = '';

  const wake = (): void => {
    for (const listener of listeners) {
      listener.pump();
    }
  };

  async function follow(): Promise<void> {
    for await (const delivery of log.subscribe({ after: position, types: feedTypes, signal })) {
      trouble = '';
      if (delivery.kind === 'event') {
        const item = itemOf(delivery.event);
        position = delivery.event.position;
        if (!item) {
          continue;
        }
        ring.push(item);
      } else {
        position = delivery.position;
      }
      wake();
    }
  }

  async function loop(): Promise<void> {
    let delay = FIRST_RETRY_MS;
    while (!signal.aborted) {
      const before = position;
      try {
        await follow();
      } catch (error) {
        trouble = errorMessage(error);
        logger.error({ error: trouble, again_in_ms: delay }, 'live events stopped and start again');
      }
      delay = position > before ? FIRST_RETRY_MS : Math.min(LAST_RETRY_MS, delay * 2);
      await timers.sleep(delay, signal).catch(() => {});
    }
  }

  const done = loop();
  return {
    ring,
    listeners,
    replays: gate(limits.replays),
    get position() {
      return position;
    },
    get trouble() {
      return trouble;
    },
    stop: async () => {
      stopping.abort();
      await done;
    },
  };
}
