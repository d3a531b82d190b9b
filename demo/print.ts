// SPDX-License-Identifier: Apache-2.0
import pc from 'picocolors';

let step = 0;

/** Plain when piped and with NO_COLOR: picocolors looks for itself. */
export const title = (text: string): void => {
  step += 1;
  console.log(`\n${pc.bold(`${step}. ${text}`)}`);
};

export const say = (text: string): void => console.log(`   ${text}`);
export const good = (text: string): void => console.log(`   ${pc.green('✓')} ${text}`);
export const note = (text: string): void => console.log(`   ${pc.dim(text)}`);

/** A step that is not as it should be ends the demo. */
export function check(holds: boolean, text: string): void {
  if (!holds) {
    throw new Error(text);
  }
  good(text);
}

/** Rows of equal columns. */
export function table(rows: readonly (readonly string[])[]): void {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  for (const [index, row] of rows.entries()) {
    const line = row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ');
    console.log(`   ${index === 0 ? pc.underline(line) : line}`);
  }
}
