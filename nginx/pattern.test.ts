// SPDX-License-Identifier: Apache-2.0
import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parsePattern } from './pattern.js';
import { SEED } from './values.harness.js';
import { isProblem } from './variables.js';

const verdict = (source: string): string => {
  const read = parsePattern(source);
  return isProblem(read) ? read.code : read.named;
};

test('groups are named and counted', () => {
  assert.is(verdict('^/api/(.*)$'), '^/api/(?<nx1>.*)$');
  assert.is(verdict('^/((a)|(?:b))(c)$'), '^/(?<nx1>(?<nx2>a)|(?:b))(?<nx3>c)$');
  assert.is(verdict('(?i)^/X$'), '(?i)^/X$');
  assert.is(verdict('^/\\(x\\)[(]$'), '^/\\(x\\)[(]$');
});

test('patterns of use are taken', () => {
  for (const source of [
    '^/old/([0-9]{4})-([0-9]{2})/?$',
    '^/(en|de|fr)/(.*)$',
    '^/([a-z]+)/([a-z]+)/([a-z]+)/([a-z]+)/([a-z]+)$',
    '\\.(?:png|jpe?g|gif)$',
    '^/(.*)/(.*)/(.*)$',
    '^/user/([^/]+)/posts/(\\d+)$',
    '(?:foo|bar)+',
    '^/a{2,5}b{3}c{1,}$',
    '^/x-(.+?)-y$',
    '^/[\\w.-]+$',
  ]) {
    assert.not(isProblem(parsePattern(source)), source);
  }
});

test('what could take exponential time is refused', () => {
  for (const source of [
    '^(a+)+$',
    '(a*)*',
    '(a|a)*',
    '(a|ab)*c',
    '(.*)*',
    '((a?){30})a{30}',
    `${'a?'.repeat(30)}a{30}`,
    '(.*)(.*)(.*)(.*)x',
    '.{0,500}.{0,500}.{0,500}.{0,500}',
    '(a{100}){100}',
    '(?:x|)+',
    '([a-z]+/)*',
    'x*+',
    '(?=a)a',
    '(?!a)b',
    '(?<host>.*)',
    '(?P<x>a)',
    '(?x)a',
    '(*LIMIT_MATCH=1)a',
    '('.repeat(10) + ')'.repeat(10),
    '(?:'.repeat(30) + ')'.repeat(30),
  ]) {
    assert.is(verdict(source), 'UNSAFE_REGEX', source);
  }
});

test('what is no pattern is refused', () => {
  for (const source of [
    '',
    '(',
    ')',
    'a)',
    '[a',
    '[]a]',
    '*',
    'a{2',
    'a{3,2}',
    'a{2000}',
    '\\',
    '\\q',
    '\\1',
    '[z-a]',
    '[[:alpha:]]',
    '[é]',
    'a\nb',
    '^*',
  ]) {
    assert.is(verdict(source), 'INVALID_FORMAT', source);
  }
});

test('reading takes time in proportion to the pattern', () => {
  const start = performance.now();
  for (const piece of ['(', '(a|', '[a', 'a?', '(?:a|b)', '\\', '[^', 'a{1,2}']) {
    parsePattern(piece.repeat(1000));
  }
  assert.ok(performance.now() - start < 500);
});

/** Patterns of our subset, mostly taken. */
const { pattern } = fc.letrec<{ pattern: string; atom: string }>((tie) => ({
  atom: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom('a', 'b', '/', '.', '\\d', '[ab]', '[^/]', '\\.', '-'),
    tie('pattern').map((inner) => `(${inner})`),
  ),
  pattern: fc
    .array(fc.tuple(tie('atom'), fc.constantFrom('', '', '', '*', '+', '?', '{1,3}', '+?')), {
      minLength: 1,
      maxLength: 5,
    })
    .map((pieces) => pieces.map(([atom, repeat]) => atom + repeat).join('')),
}));
const subject = fc
  .array(fc.constantFrom('a', 'b', '/', '1', '.', '-'), { maxLength: 40 })
  .map((all) => all.join(''));

test('5,000 generated patterns: naming changes nothing, and whatever is taken is fast', () => {
  let taken = 0;
  fc.assert(
    fc.property(pattern, subject, (source, text) => {
      const read = parsePattern(source);
      if (isProblem(read)) {
        return;
      }
      taken += 1;
      const plain = new RegExp(source).exec(text);
      const named = new RegExp(read.named).exec(text);
      assert.equal(named && [...named], plain && [...plain]);
      assert.is(Object.keys(named?.groups ?? {}).length, named ? read.groups : 0);
      const start = performance.now();
      new RegExp(`${source}!`).exec(`${text}/`.repeat(20));
      assert.ok(performance.now() - start < 250, source);
    }),
    { seed: SEED, numRuns: 5000 },
  );
  assert.ok(taken > 1000, `${taken} taken`);
});

test.run();
