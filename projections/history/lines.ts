// SPDX-License-Identifier: Apache-2.0
/** Differences of texts by lines, as `diff -u` shows them. */

type Edit = readonly [kind: ' ' | '-' | '+', line: string];

const CONTEXT = 3;
/** Texts that differ in more lines than this are shown as one replaced by the other. */
const MAX_EDITS = 2_000;

const linesOf = (text: string): string[] => (text === '' ? [] : text.replace(/\n$/, '').split('\n'));

/** The shortest way from one list of lines to another (Myers, 1986). */
function edits(before: readonly string[], after: readonly string[]): Edit[] {
  const max = Math.min(before.length + after.length, MAX_EDITS);
  const trail: Map<number, number>[] = [];
  let reached = new Map<number, number>([[1, 0]]);
  for (let d = 0; d <= max; d++) {
    const next = new Map<number, number>();
    for (let k = -d; k <= d; k += 2) {
      const down = k === -d || (k !== d && (reached.get(k - 1) ?? -1) < (reached.get(k + 1) ?? -1));
      let x = down ? (reached.get(k + 1) ?? 0) : (reached.get(k - 1) ?? 0) + 1;
      while (x < before.length && x - k < after.length && before[x] === after[x - k]) {
        x += 1;
      }
      next.set(k, x);
      if (x >= before.length && x - k >= after.length) {
        return walkBack(before, after, [...trail, reached], d);
      }
    }
    trail.push(reached);
    reached = new Map([...reached, ...next]);
  }
  return [...before.map((line): Edit => ['-', line]), ...after.map((line): Edit => ['+', line])];
}

function walkBack(
  before: readonly string[],
  after: readonly string[],
  trail: readonly ReadonlyMap<number, number>[],
  depth: number,
): Edit[] {
  const found: Edit[] = [];
  let [x, y] = [before.length, after.length];
  for (let d = depth; d >= 0; d--) {
    const reached = trail[d] ?? new Map<number, number>();
    const k = x - y;
    const down = k === -d || (k !== d && (reached.get(k - 1) ?? -1) < (reached.get(k + 1) ?? -1));
    const fromK = down ? k + 1 : k - 1;
    const fromX = d === 0 ? 0 : (reached.get(fromK) ?? 0);
    const fromY = d === 0 ? 0 : fromX - fromK;
    while (x > fromX && y > fromY && (d === 0 || x - 1 >= (down ? fromX : fromX + 1))) {
      found.push([' ', before[x - 1] ?? '']);
      x -= 1;
      y -= 1;
    }
    if (d > 0) {
      found.push(down ? ['+', after[fromY] ?? ''] : ['-', before[fromX] ?? '']);
      [x, y] = [fromX, fromY];
    }
  }
  return found.reverse();
}

/** A unified diff of two texts; empty when they are the same. `null`: not there. */
export function unifiedDiff(path: string, before: string | null, after: string | null): string {
  if (before === after) {
    return '';
  }
  const all = edits(linesOf(before ?? ''), linesOf(after ?? ''));
  const changed = all.flatMap(([kind], index) => (kind === ' ' ? [] : index));
  const out = [
    `--- ${before === null ? '/dev/null' : `a/${path}`}`,
    `+++ ${after === null ? '/dev/null' : `b/${path}`}`,
  ];
  for (let first = 0; first < changed.length; ) {
    let last = first;
    while (last + 1 < changed.length && (changed[last + 1] ?? 0) - (changed[last] ?? 0) <= 2 * CONTEXT) {
      last += 1;
    }
    const from = Math.max(0, (changed[first] ?? 0) - CONTEXT);
    const to = Math.min(all.length, (changed[last] ?? 0) + CONTEXT + 1);
    out.push(hunkHead(all, from, to), ...all.slice(from, to).map(([kind, line]) => `${kind}${line}`));
    first = last + 1;
  }
  return `${out.join('\n')}\n`;
}

function hunkHead(all: readonly Edit[], from: number, to: number): string {
  const side = (gone: '-' | '+'): string => {
    const start = all.slice(0, from).filter(([kind]) => kind !== gone).length;
    const count = all.slice(from, to).filter(([kind]) => kind !== gone).length;
    return `${count === 0 ? start : start + 1},${count}`;
  };
  return `@@ -${side('+')} +${side('-')} @@`;
}
