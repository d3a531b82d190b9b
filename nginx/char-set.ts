// SPDX-License-Identifier: Apache-2.0
/** A set of characters: a bit for each of ASCII, and one for all that is beyond. */
export type Mask = bigint;

const BEYOND = 128;
const FULL: Mask = (1n << 129n) - 1n;

const bit = (code: number): Mask => 1n << BigInt(Math.min(code, BEYOND));

const ofText = (text: string): Mask =>
  text.split('').reduce((mask, char) => mask | bit(char.charCodeAt(0)), 0n);

function range(from: number, to: number): Mask {
  let mask = 0n;
  for (let code = from; code <= Math.min(to, BEYOND); code++) {
    mask |= bit(code);
  }
  return mask;
}

const not = (mask: Mask): Mask => FULL & ~mask;
const UPPER = range(65, 90);
const LOWER = range(97, 122);
const DIGIT = range(48, 57);
const WORD = UPPER | LOWER | DIGIT | ofText('_');
const SPACE = ofText('\t\n\v\f\r ');

/** What `.` matches. */
export const ANY: Mask = not(ofText('\n'));
/** Characters that must not come out of a decoded path into a header line. */
export const CONTROLS: Mask = range(0, 31) | bit(127);
/** Characters that must not come out of a decoded path into a query. */
export const NOT_IN_QUERY: Mask = CONTROLS | ofText(' "#%&+');

const CLASSES: Readonly<Record<string, Mask>> = {
  d: DIGIT,
  D: not(DIGIT),
  w: WORD,
  W: not(WORD),
  s: SPACE,
  S: not(SPACE),
};
const PUNCTUATION = /^[!-/:-@[-`{-~]$/;

const folded = (mask: Mask, ignoreCase: boolean): Mask =>
  ignoreCase ? mask | ((mask & LOWER) >> 32n) | ((mask & UPPER) << 32n) : mask;

export const literalMask = (char: string, ignoreCase: boolean): Mask =>
  folded(bit(char.charCodeAt(0)), ignoreCase);

/** Reads an escape at the start of a text. Without a mask it is an anchor; undefined when it is not supported. */
export function escapeMask(text: string): { length: number; mask: Mask | undefined } | undefined {
  const char = text[1];
  if (char === undefined) {
    return undefined;
  }
  if (char === 'b' || char === 'B') {
    return { length: 2, mask: undefined };
  }
  const mask = CLASSES[char] ?? (PUNCTUATION.test(char) ? bit(char.charCodeAt(0)) : undefined);
  return mask === undefined ? undefined : { length: 2, mask };
}

/** Reads a class such as `[^a-z_]` at the start of a text; undefined when it is not supported. */
export function classMask(text: string, ignoreCase: boolean): { length: number; mask: Mask } | undefined {
  const negated = text[1] === '^';
  let at = negated ? 2 : 1;
  const start = at;
  let mask = 0n;

  /** One member: its set, and its code when it can begin or end a range. */
  const member = (): { mask: Mask; code?: number } | undefined => {
    const char = text.charAt(at);
    if (char === '\\') {
      const found = escapeMask(text.slice(at));
      at += 2;
      if (found?.mask === undefined) {
        return undefined;
      }
      const escaped = text.charAt(at - 1);
      return PUNCTUATION.test(escaped)
        ? { mask: found.mask, code: escaped.charCodeAt(0) }
        : { mask: found.mask };
    }
    at += 1;
    const code = char.charCodeAt(0);
    // Bytes of a character beyond ASCII would each be a member of their own; `[:` begins a name.
    return code > 126 || (char === '[' && /^[:.=]/.test(text.slice(at)))
      ? undefined
      : { mask: bit(code), code };
  };

  while (at < text.length) {
    if (text[at] === ']' && at > start) {
      return { length: at + 1, mask: negated ? not(folded(mask, ignoreCase)) : folded(mask, ignoreCase) };
    }
    const from = text[at] === ']' ? undefined : member();
    if (!from) {
      return undefined;
    }
    if (text[at] !== '-' || text[at + 1] === ']') {
      mask |= from.mask;
      continue;
    }
    at += 1;
    const to = at < text.length ? member() : undefined;
    if (from.code === undefined || to?.code === undefined || to.code < from.code) {
      return undefined;
    }
    mask |= range(from.code, to.code);
  }
  return undefined;
}
