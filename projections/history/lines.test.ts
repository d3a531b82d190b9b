// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { unifiedDiff } from './lines.js';

test('a diff shows three lines around what changed', () => {
  const before = Array.from({ length: 12 }, (_, n) => `line ${n}`);
  const after = before.with(5, 'other');
  assert.is(
    unifiedDiff('x.conf', `${before.join('\n')}\n`, `${after.join('\n')}\n`),
    [
      '--- a/x.conf',
      '+++ b/x.conf',
      '@@ -3,7 +3,7 @@',
      ' line 2',
      ' line 3',
      ' line 4',
      '-line 5',
      '+other',
      ' line 6',
      ' line 7',
      ' line 8',
      '',
    ].join('\n'),
  );
  assert.is(unifiedDiff('x', 'a\n', 'a\n'), '');
  assert.is(unifiedDiff('x', null, 'a\n'), '--- /dev/null\n+++ b/x\n@@ -0,0 +1,1 @@\n+a\n');
  assert.is(unifiedDiff('x', 'a\n', null), '--- a/x\n+++ /dev/null\n@@ -1,1 +0,0 @@\n-a\n');
});

const text = fc
  .array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 14 })
  .map((lines) => lines.map((line) => `${line}\n`).join(''));

/** Applies a unified diff, checking every line that it says is there. */
function applied(before: string, diff: string): string {
  const old = before.split('\n').slice(0, -1);
  const out: string[] = [];
  let at = 0;
  for (const line of diff.split('\n').slice(2, -1)) {
    const head = /^@@ -(\d+),(\d+) \+(\d+),(\d+) @@$/.exec(line);
    if (head) {
      const start = Number(head[1]) - (head[2] === '0' ? 0 : 1);
      out.push(...old.slice(at, start));
      at = start;
      assert.is(out.length, Number(head[3]) - (head[4] === '0' ? 0 : 1));
    } else if (line.startsWith('+')) {
      out.push(line.slice(1));
    } else {
      assert.is(old[at], line.slice(1));
      out.push(...(line.startsWith(' ') ? [line.slice(1)] : []));
      at += 1;
    }
  }
  return [...out, ...old.slice(at)].map((one) => `${one}\n`).join('');
}

test('a diff brings one text to the other, with no line too many', () => {
  const property = fc.property(text, text, (before, after) => {
    const diff = unifiedDiff('x', before, after);
    assert.is(diff === '' ? before : applied(before, diff), after);
  });
  fc.assert(property, { seed: 7, numRuns: 1_000 });
});

test('texts with nothing in common are shown whole, and soon', () => {
  const lines = (word: string) => Array.from({ length: 20_000 }, (_, n) => `${word} ${n}\n`).join('');
  const [before, after] = [`same\n${lines('a')}end\n`, `same\n${lines('b')}end\n`];
  const started = performance.now();
  const diff = unifiedDiff('x', before, after);
  assert.ok(performance.now() - started < 1_000, `${performance.now() - started} ms`);
  assert.is(applied(before, diff), after);
  assert.match(diff, /^ same$/m);
});

test.run();
