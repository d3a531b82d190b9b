// SPDX-License-Identifier: Apache-2.0
/** When the event loop stood still for long: for how long, what of it others had, what was the collector, and who asked. */
import { readFileSync } from 'node:fs';
import { PerformanceObserver } from 'node:perf_hooks';

export interface Stall {
  /** By the wall clock. */
  readonly ms: number;
  /** What of it this thread was ready and other threads and processes had the processor; 0 where the system does not say. */
  readonly queuedMs: number;
  /** What of it was the collection of garbage. */
  readonly collectedMs: number;
  /** The requests that were under way. */
  readonly requests: readonly string[];
}

const EVERY_MS = 5;
const LONG_MS = 50;

/** How long this thread has waited for a processor so far. */
function queued(): number {
  try {
    return Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ')[1]) / 1e6;
  } catch {
    return 0;
  }
}

/** Work of the server in one go, and its waiting for the disk; not what the machine gave to others, nor the collector. */
export const blockedMs = ({ ms, queuedMs, collectedMs }: Stall): number =>
  Math.max(0, ms - queuedMs - collectedMs);

export function watchStalls() {
  const collections: { readonly from: number; readonly to: number }[] = [];
  const observer = new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries()) {
      collections.push({ from: startTime, to: startTime + duration });
    }
  });
  observer.observe({ entryTypes: ['gc'] });
  const found: (Omit<Stall, 'collectedMs'> & { readonly from: number })[] = [];
  const underWay = new Set<string>();
  const ended = new Set<string>();
  let [last, lastQueued] = [performance.now(), queued()];
  let watching = false;
  const restart = (): void => {
    [last, lastQueued] = [performance.now(), queued()];
    ended.clear();
  };
  const timer = setInterval(() => {
    const ms = performance.now() - last;
    if (watching && ms > LONG_MS) {
      found.push({ from: last, ms, queuedMs: queued() - lastQueued, requests: [...underWay, ...ended] });
    }
    restart();
  }, EVERY_MS);

  return {
    /** What comes while nobody watches is no business of the server's. */
    watch: (on: boolean): void => {
      watching = on;
      restart();
    },
    begin: (name: string): void => {
      underWay.add(name);
    },
    end: (name: string): void => {
      underWay.delete(name);
      ended.add(name);
    },
    /** The longest first. */
    close: (): readonly Stall[] => {
      clearInterval(timer);
      observer.disconnect();
      const overlap = (from: number, to: number): number =>
        collections.reduce(
          (sum, one) => sum + Math.max(0, Math.min(to, one.to) - Math.max(from, one.from)),
          0,
        );
      return found
        .map(({ from, ...one }) => ({ ...one, collectedMs: overlap(from, from + one.ms) }))
        .sort((a, b) => blockedMs(b) - blockedMs(a));
    },
  };
}
