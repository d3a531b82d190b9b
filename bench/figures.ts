// SPDX-License-Identifier: Apache-2.0
/** How benchmarks say what they found. */

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

export const perSecond = (rate: number): string => `${Math.round(rate).toLocaleString('en')}/s`;

export const ratio = (ours: number, baseline: number): string => (ours / baseline).toFixed(2);
