// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { NxError } from '../kernel/index.js';
import { readJson } from './json.js';

const refused = (text: string, code = 'BAD_REQUEST'): void => {
  try {
    readJson(text);
  } catch (error) {
    assert.instance(error, NxError);
    assert.is((error as NxError).code, code, text.slice(0, 80));
    return;
  }
  assert.unreachable(`accepted: ${text.slice(0, 80)}`);
};

test('gives what JSON.parse gives for every JSON value of ours', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 6, stringUnit: 'binary' }), (value) => {
      const text = JSON.stringify(value);
      const strange = /"__proto__":|\\ud[89a-f]/i.test(text) || hasUnsafe(value);
      if (!strange) {
        assert.equal(readJson(text), JSON.parse(text));
        assert.equal(readJson(JSON.stringify(value, undefined, 2)), JSON.parse(text));
      }
    }),
    { numRuns: 2000 },
  );
});

function hasUnsafe(value: unknown): boolean {
  if (typeof value === 'number') {
    return Number.isInteger(value) && !Number.isSafeInteger(value);
  }
  return typeof value === 'object' && value !== null && Object.values(value).some(hasUnsafe);
}

test('never takes what JSON.parse refuses', () => {
  const piece = fc.constantFrom(
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '"',
    '"a"',
    '\\',
    '1',
    '-',
    'e',
    '.',
    'null',
    ' ',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 14 }), (pieces) => {
      const text = pieces.join('');
      try {
        readJson(text);
      } catch {
        return;
      }
      JSON.parse(text);
    }),
    { numRuns: 20_000 },
  );
});

test('a key twice is refused at every depth and however it is written', () => {
  for (const text of [
    '{"a":1,"a":2}',
    '{"a":1,"\\u0061":2}',
    '[{"b":{"a":1,"c":[],"a":{}}}]',
    '{"":1,"":2}',
    '{"a":[{"a":1}],"a":1}',
  ]) {
    refused(text);
  }
  assert.equal(readJson('{"a":{"a":{"a":1}},"b":[{"a":1},{"a":1}]}'), {
    a: { a: { a: 1 } },
    b: [{ a: 1 }, { a: 1 }],
  });
  assert.equal(readJson('{"a":"b","b":"a","c":["a","a"]}'), { a: 'b', b: 'a', c: ['a', 'a'] });
});

test('depth: 32 is taken, 33 and a million are not', () => {
  const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
  assert.ok(readJson(nested(32)));
  refused(nested(33));
  refused(nested(1_000_000));
  refused(`${'{"a":'.repeat(33)}1${'}'.repeat(33)}`);
  assert.equal(readJson(`["${'['.repeat(100)}"]`), ['['.repeat(100)]);
});

test('numbers that cannot be kept are refused, all others are taken', () => {
  for (const number of [
    '9007199254740993',
    '-9007199254740993',
    '9007199254740992',
    '1e400',
    '-1e400',
    '1e16',
    '9'.repeat(400),
  ]) {
    refused(number);
    refused(`{"a":[${number}]}`);
  }
  for (const number of [
    '9007199254740991',
    '-9007199254740991',
    '0.1',
    '1.5e3',
    '-0',
    '1e-400',
    '3.141592653589793',
  ]) {
    assert.is(readJson(number), JSON.parse(number));
  }
});

test('no JSON: BOM, NaN, comments, single quotes, trailing commas, control characters, lone surrogates', () => {
  for (const text of [
    '',
    ' ',
    '\ufeff{}',
    'NaN',
    'Infinity',
    '01',
    '+1',
    '.5',
    '1.',
    "{'a':1}",
    '{a:1}',
    '{"a":1,}',
    '[1,]',
    '{"a"}',
    '{"a":}',
    '// x\n{}',
    '{}{}',
    '{} x',
    '"a',
    '"a\\"',
    '"\\x41"',
    '"\\u12"',
    '"a\nb"',
    '"\u0000"',
    'nul',
    '"\\ud800"',
    '"\\udc00x"',
    '{"\\ud800":1}',
    '"\\ud800\\ud800"',
    ']',
    '}',
    '{"a":1]',
    '[1}',
  ]) {
    refused(text);
  }
  assert.is(readJson('"\\ud83d\\ude00 \\\\ud800"'), '😀 \\ud800');
});

test('__proto__ is an unknown field, at any depth and escaped; nothing is polluted', () => {
  for (const text of ['{"__proto__":{"x":1}}', '{"a":{"__proto__":null}}', '{"\\u005f_proto__":1}']) {
    refused(text, 'VALIDATION_ERROR');
  }
  assert.is(({} as { x?: number }).x, undefined);
  assert.equal(readJson('["__proto__"]'), ['__proto__']);
});

test('too many values are refused early', () => {
  refused(`[${Array(21_000).fill('1').join(',')}]`, 'PAYLOAD_TOO_LARGE');
  refused(`[${Array(21_000).fill('{}').join(',')}]`, 'PAYLOAD_TOO_LARGE');
  assert.is((readJson(`[${Array(19_000).fill('1').join(',')}]`) as unknown[]).length, 19_000);
});

test('the message never repeats the input', () => {
  for (const text of ['{"password":"canary-77"', '{"canary-77":1,"canary-77":2}', '[canary-77]']) {
    try {
      readJson(text);
      assert.unreachable();
    } catch (error) {
      assert.not.match(JSON.stringify([(error as NxError).message, (error as NxError).details]), 'canary');
    }
  }
});

test.run();
