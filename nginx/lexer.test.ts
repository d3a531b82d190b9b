// SPDX-License-Identifier: Apache-2.0
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { LexError, tokenize } from './lexer.js';
import { parseConfig } from './parse.js';

/** A variable in braces, which a plain string in this language would seem to want to put in. */
const BRACED = ['$', 'b'].join('{').concat('}');

const words = (input: string): readonly string[] =>
  tokenize(input).map((token) => (token.kind === 'word' ? token.text : token.kind));

test('words, quotes and escapes are read as nginx reads them', () => {
  const rows: readonly (readonly [input: string, ...tokens: readonly string[]])[] = [
    ['a b;', 'a', 'b', ';'],
    ['a{b;}', 'a', '{', 'b', ';', '}'],
    ['a "b c";', 'a', 'b c', ';'],
    ["a 'b\"c';", 'a', 'b"c', ';'],
    ['a "b\\"c";', 'a', 'b"c', ';'],
    ['a "b\\\\";', 'a', 'b\\', ';'],
    ['a "\\d\\.x";', 'a', '\\d\\.x', ';'],
    ['a "\\t\\n\\r";', 'a', '\t\n\r', ';'],
    ['a b#c;', 'a', 'b#c', ';'],
    ['a #b;\nc;', 'a', 'c', ';'],
    ['a "#b";', 'a', '#b', ';'],
    ['a b"c;', 'a', 'b"c', ';'],
    ['a $b};', 'a', '$b}', ';'],
    [`a ${BRACED};`, 'a', BRACED, ';'],
    [`a x${BRACED}y;`, 'a', `x${BRACED}y`, ';'],
    [`a "${BRACED}";`, 'a', BRACED, ';'],
    ['a x\\ y;', 'a', 'x\\ y', ';'],
    ['a x\\;y;', 'a', 'x\\;y', ';'],
    ['if ($a ~ "x") {}', 'if', '($a', '~', 'x', ')', '{', '}'],
    ['a "";', 'a', '', ';'],
    ['"a b" c;', 'a b', 'c', ';'],
  ];
  for (const [input, ...tokens] of rows) {
    assert.equal(words(input), tokens, input);
  }
});

test('what nginx refuses is refused', () => {
  const rows = [
    'a',
    'a "b',
    'a "b"c;',
    ';',
    '{}',
    '}a',
    'a }',
    'a "b" #',
    `a ${'x'.repeat(4096)};`,
    `a "${'x'.repeat(4096)}";`,
  ];
  for (const input of rows) {
    assert.throws(
      () => tokenize(input),
      (error: unknown) => error instanceof LexError,
      input.slice(0, 20),
    );
  }
  assert.is(tokenize(`a ${'x'.repeat(4095)};`).length, 3);
});

test('lines are counted as nginx names them', () => {
  const lines = tokenize('a\n  "b\nc" d;\n# x\ne;').map(({ line }) => line);
  assert.equal(lines, [1, 2, 3, 3, 5, 5]);
});

test('directives and blocks make a tree', () => {
  assert.equal(parseConfig('a 1;\nb 2 {\n c;\n}\n'), [
    { name: 'a', args: ['1'], line: 1 },
    { name: 'b', args: ['2'], line: 2, block: [{ name: 'c', args: [], line: 3 }] },
  ]);
  for (const input of ['a {', '}', 'a {}}', 'a { b; ', `${'a {'.repeat(40)}${'}'.repeat(40)}`]) {
    assert.throws(
      () => parseConfig(input),
      (error: unknown) => error instanceof LexError,
      input.slice(0, 20),
    );
  }
});

test.run();
