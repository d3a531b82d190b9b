// SPDX-License-Identifier: Apache-2.0
/** Differences of texts by lines, as `diff -u` shows them. */

type Edit = readonly [kind: ' ' | '-' | '+', line: string];

const CONTEXT = 3;
/** Texts that differ in more lines than this are shown, from the first to the last of them, as one replaced by the other. */
const MAX_EDITS = 1_000;

const linesOf = (text: string): string[] => (text === '' ? [] : text.replace(/\n$/, '').split('\n'));

/** The way from one list of lines to another; what they begin and end with in common is set aside first. */
function edits(before: readonly string[], after: readonly string[]): Edit[] {
  const short = Math.min(before.length, after.length);
  let head = 0;
  while (head < short && before[head] === after[head]) {
    head += 1;
  }
  let tail = 0;
  while (tail < short - head && before.at(-1 - tail) === after.at(-1 - tail)) {
    tail += 1;
  }
  const [old, now] = [before.slice(head, before.length - tail), after.slice(head, after.length - tail)];
  const kept = (lines: readonly string[]): Edit[] => lines.map((line): Edit => [' ', line]);
  return [
    ...kept(before.slice(0, head)),
    ...(shortest(old, now) ?? [
      ...old.map((line): Edit => ['-', line]),
      ...now.map((line): Edit => ['+', line]),
    ]),
    ...kept(before.slice(before.length - tail)),
  ];
}

/**
 * How far along `before` so many edits reach, for each diagonal: `trail[d][i]` is for the diagonal 2i - d. Whether the
 * last edit of the way there took a line in, or else left one out.
 */
const tookIn = (reached: Int32Array, d: number, i: number): boolean =>
  i === 0 || (i !== d && (reached[i - 1] ?? 0) < (reached[i] ?? 0));

/** The shortest way (Myers, 1986); undefined when it takes more than `MAX_EDITS`. */
function shortest(before: readonly string[], after: readonly string[]): Edit[] | undefined {
  const trail: Int32Array[] = [];
  for (let d = 0; d <= MAX_EDITS; d++) {
    const last = trail[d - 1] ?? new Int32Array(1);
    const reached = new Int32Array(d + 1);
    for (let i = 0; i <= d; i++) {
      let x = d === 0 ? 0 : tookIn(last, d, i) ? (last[i] ?? 0) : (last[i - 1] ?? 0) + 1;
      const k = 2 * i - d;
      while (x < before.length && x - k < after.length && before[x] === after[x - k]) {
        x += 1;
      }
      reached[i] = x;
      if (x >= before.length && x - k >= after.length) {
        return walkBack(before, after, trail, d);
      }
    }
    trail.push(reached);
  }
  return undefined;
}

function walkBack(
  before: readonly string[],
  after: readonly string[],
  trail: readonly Int32Array[],
  edited: number,
): Edit[] {
  const found: Edit[] = [];
  let [x, y] = [before.length, after.length];
  const keepDownTo = (end: number): void => {
    for (; x > end; x--, y--) {
      found.push([' ', before[x - 1] ?? '']);
    }
  };
  for (let d = edited; d > 0; d--) {
    const last = trail[d - 1] ?? new Int32Array(1);
    const i = (x - y + d) / 2;
    const down = tookIn(last, d, i);
    keepDownTo(down ? (last[i] ?? 0) : (last[i - 1] ?? 0) + 1);
    found.push(down ? ['+', after[y - 1] ?? ''] : ['-', before[x - 1] ?? '']);
    [x, y] = down ? [x, y - 1] : [x - 1, y];
  }
  keepDownTo(0);
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
  // How many lines of each text have been passed, in so many edits.
  let [oldLine, newLine, done] = [0, 0, 0];
  for (let first = 0; first < changed.length; ) {
    let last = first;
    while (last + 1 < changed.length && (changed[last + 1] ?? 0) - (changed[last] ?? 0) <= 2 * CONTEXT) {
      last += 1;
    }
    const from = Math.max(0, (changed[first] ?? 0) - CONTEXT);
    const to = Math.min(all.length, (changed[last] ?? 0) + CONTEXT + 1);
    const [skippedBefore, skippedAfter] = counted(all, done, from);
    const [taken, given] = counted(all, from, to);
    out.push(
      `@@ -${range(oldLine + skippedBefore, taken)} +${range(newLine + skippedAfter, given)} @@`,
      ...all.slice(from, to).map(([kind, line]) => `${kind}${line}`),
    );
    [oldLine, newLine, done] = [oldLine + skippedBefore + taken, newLine + skippedAfter + given, to];
    first = last + 1;
  }
  return `${out.join('\n')}\n`;
}

/** How many lines of the texts before and after these edits are. */
function counted(all: readonly Edit[], from: number, to: number): [before: number, after: number] {
  let [before, after] = [0, 0];
  for (let at = from; at < to; at++) {
    const kind = all[at]?.[0];
    before += kind === '+' ? 0 : 1;
    after += kind === '-' ? 0 : 1;
  }
  return [before, after];
}

const range = (start: number, count: number): string => `${count === 0 ? start : start + 1},${count}`;
