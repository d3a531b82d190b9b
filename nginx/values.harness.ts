// SPDX-License-Identifier: Apache-2.0
/** Generated texts that like to mean something to a reader of configurations. */
import * as fc from 'fast-check';
import type { Part } from './variables.js';

/** The seed is fixed: a failure is the same tomorrow. */
export const SEED = 20261121;

const SPECIAL = [
  '\\',
  '"',
  "'",
  '$',
  '{',
  '}',
  ';',
  '#',
  ' ',
  '(',
  ')',
  '=',
  '~',
  '/',
  '*',
  '\\"',
  '\\\\',
  '\\n',
  '\\t',
  '\\;',
];
const HIDDEN = [
  '\n',
  '\r',
  '\t',
  '\0',
  '\v',
  '\f',
  '\x1b',
  '\x7f',
  '\u0085',
  '\u00a0',
  '\u2028',
  '\u2029',
  '\u200b',
  '\u202e',
  '\u3000',
  '\ufeff',
  '\ud800',
  '\udc00',
];
const ORDINARY = [
  'a',
  'Z',
  '0',
  '_',
  '-',
  '.',
  'é',
  '日',
  '🙂',
  'location',
  'alias',
  'include',
  'return',
  'on',
];

export const special = fc.constantFrom(...SPECIAL);
const ordinary = fc.constantFrom(...ORDINARY);

/** Text that may be rendered: nothing hidden in it, no `$`. */
export const plainText = fc
  .array(fc.oneof({ weight: 3, arbitrary: special }, { weight: 2, arbitrary: ordinary }), { maxLength: 24 })
  .map((pieces) => pieces.join('').replaceAll('$', ''));

/** Text that must be refused: something hidden somewhere in it. */
export const hiddenText = fc
  .tuple(plainText, fc.constantFrom(...HIDDEN), plainText)
  .map(([before, hidden, after]) => before + hidden + after);

const VARIABLES = ['host', 'scheme', 'request_id', 'http_x_a', 'arg_b'];

/** Literal text and variables in turn; no two literals stand side by side, none is empty. */
export const parts: fc.Arbitrary<readonly Part[]> = fc
  .array(
    fc.oneof(
      plainText,
      fc.constantFrom(...VARIABLES).map((variable): Part => ({ variable })),
    ),
    { maxLength: 8 },
  )
  .map((list) =>
    list.reduce<Part[]>((done, part) => {
      const last = done[done.length - 1];
      if (typeof part === 'string' && typeof last === 'string') {
        done[done.length - 1] = last + part;
      } else if (part !== '') {
        done.push(part);
      }
      return done;
    }, []),
  );
