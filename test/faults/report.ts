// SPDX-License-Identifier: Apache-2.0
import type { Result } from './trial.js';

const HEAD = ['', 'shape', 'invariants', 'bound', 'seen', 's', 'verdict'];

const row = (one: Result): string[] => [
  one.id,
  one.shape,
  one.invariants.join(' '),
  one.bound,
  one.seen.join('; '),
  one.seconds.toFixed(0),
  one.verdict,
];

/** The table of the report, and below it what failed. */
export function report(results: readonly Result[]): string {
  const rows = [HEAD, ...results.map(row)];
  const widths = HEAD.map((_, column) => Math.max(...rows.map((one) => one[column]?.length ?? 0)));
  const lines = rows.map((one) =>
    one
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  lines.splice(1, 0, widths.map((width) => '-'.repeat(width)).join('  '));
  const failed = results.filter(({ verdict }) => verdict === 'FAILED');
  for (const { id, shape, title, faults } of failed) {
    lines.push('', `${id} ${shape}, ${title}:`, ...faults.map((fault) => `  ${fault}`));
  }
  const count = (verdict: Result['verdict']): number =>
    results.filter((one) => one.verdict === verdict).length;
  lines.push('', `${count('held')} held, ${failed.length} failed, ${count('skipped')} skipped`);
  return lines.join('\n');
}
