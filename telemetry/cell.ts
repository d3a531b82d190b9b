// SPDX-License-Identifier: Apache-2.0
import { COUNTERS, type Counter, LATENCY_BOUNDS_MS } from '../proto/index.js';

/** What was counted in a minute or an hour: a number for each of `COUNTERS`, in their order, to which only is added. */
export type Cell = readonly number[];

const INDEX = new Map(COUNTERS.map(([counter], index) => [counter, index]));

export const emptyCell = (): number[] => Array<number>(COUNTERS.length).fill(0);

export const counted = (cell: Cell, counter: Counter): number => cell[INDEX.get(counter) ?? -1] ?? 0;

export function addCell(to: number[], more: Cell): void {
  for (const [index, value] of more.entries()) {
    to[index] = (to[index] ?? 0) + value;
  }
}

export const cellOf = (counts: ReadonlyMap<Counter, number>): Cell =>
  COUNTERS.map(([counter]) => counts.get(counter) ?? 0);

const classes = [
  ...LATENCY_BOUNDS_MS.map((bound) => [bound, `to_${bound}`] as const),
  [Infinity, 'to_inf'] as const,
];

/**
 * The response time that this share of the requests did not exceed, evenly spread within its class; the upper bound of
 * the last but one where it lies in the last. Undefined without requests.
 */
export function quantile(cell: Cell, share: number): number | undefined {
  const total = classes.reduce((sum, [, counter]) => sum + counted(cell, counter), 0);
  if (total === 0) {
    return undefined;
  }
  let below = 0;
  let from = 0;
  for (const [to, counter] of classes) {
    const within = counted(cell, counter);
    if (within > 0 && below + within >= share * total) {
      return to === Infinity ? from : from + ((to - from) * (share * total - below)) / within;
    }
    below += within;
    from = to;
  }
  return from;
}
