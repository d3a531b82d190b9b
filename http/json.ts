// SPDX-License-Identifier: Apache-2.0
import { detail, NxError } from '../kernel/index.js';

const MAX_DEPTH = 32;
/** More than the largest resource has; reading even this many holds up nobody. */
const MAX_VALUES = 20_000;
/** A number of so few characters without an exponent is exact in a double. */
const EXACT_DIGITS = 15;

const QUOTE = 0x22;
const COMMA = 0x2c;
const MINUS = 0x2d;
const COLON = 0x3a;
const OPEN_ARRAY = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

const LONE_SURROGATE = /\p{Surrogate}/u;

/**
 * JSON as a careful reader takes it. Refused with BAD_REQUEST: what is not JSON, deeper nesting than 32, a key twice in
 * one object, numbers that a double cannot hold exactly (unsafe integers, overflow), lone surrogates. More than 20,000
 * values are PAYLOAD_TOO_LARGE. A `__proto__` key is an unknown field (VALIDATION_ERROR). The message never repeats the
 * input.
 */
export function readJson(text: string): unknown {
  scan(text);
  try {
    return JSON.parse(text);
  } catch {
    throw malformed('The body is not valid JSON');
  }
}

/** One pass over the tokens. It need not know the grammar: what is no JSON is refused by the parser after it. */
function scan(text: string): void {
  // Keys of each open object, made at its first key; null for an array.
  const open: (Set<string> | undefined | null)[] = [];
  let keyNext = false;
  let values = 0;
  for (let at = 0; at < text.length; at += 1) {
    const char = text.charCodeAt(at);
    if (char === QUOTE) {
      const end = closingQuote(text, at);
      if (keyNext) {
        addKey(open, decode(text, at, end));
      } else if (text.slice(at, end).includes('\\u')) {
        decode(text, at, end);
      }
      keyNext = false;
      at = end;
    } else if (char === OPEN_OBJECT || char === OPEN_ARRAY) {
      if (open.push(char === OPEN_OBJECT ? undefined : null) > MAX_DEPTH) {
        throw malformed(`The body is nested deeper than ${MAX_DEPTH}`);
      }
      keyNext = char === OPEN_OBJECT;
      values = count(values);
    } else if (char === CLOSE_OBJECT || char === CLOSE_ARRAY) {
      open.pop();
      keyNext = false;
    } else if (char === COMMA) {
      keyNext = open.length > 0 && open[open.length - 1] !== null;
      values = count(values);
    } else if (char === COLON) {
      keyNext = false;
    } else if (char === MINUS || (char >= 0x30 && char <= 0x39)) {
      at = checkNumber(text, at) - 1;
    }
  }
}

function count(values: number): number {
  if (values >= MAX_VALUES) {
    throw new NxError('PAYLOAD_TOO_LARGE', `The body has more than ${MAX_VALUES} values`);
  }
  return values + 1;
}

function closingQuote(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at += 1) {
    const char = text.charCodeAt(at);
    if (char === BACKSLASH) {
      at += 1;
    } else if (char === QUOTE) {
      return at;
    }
  }
  throw malformed('The body is not valid JSON');
}

function decode(text: string, start: number, end: number): string {
  const raw = text.slice(start + 1, end);
  if (!raw.includes('\\')) {
    return raw;
  }
  let value: string;
  try {
    value = JSON.parse(`"${raw}"`) as string;
  } catch {
    throw malformed('The body is not valid JSON');
  }
  if (LONE_SURROGATE.test(value)) {
    throw malformed('The body holds a lone surrogate');
  }
  return value;
}

function addKey(open: (Set<string> | undefined | null)[], key: string): void {
  if (key === '__proto__') {
    throw new NxError('VALIDATION_ERROR', 'Request validation failed', [
      detail(key, 'UNKNOWN_FIELD', 'Unknown field'),
    ]);
  }
  const keys = open.pop() ?? new Set();
  if (keys.has(key)) {
    throw malformed('The body has a key twice in one object');
  }
  keys.add(key);
  open.push(keys);
}

/** Gives the place after the number. */
function checkNumber(text: string, start: number): number {
  let end = start;
  while (end < text.length && isNumeric(text.charCodeAt(end))) {
    end += 1;
  }
  const digits = text.slice(start, end);
  if (digits.length > EXACT_DIGITS || /[eE]/.test(digits)) {
    const value = Number(digits);
    if (!Number.isFinite(value) || (Number.isInteger(value) && !Number.isSafeInteger(value))) {
      throw malformed('The body holds a number that cannot be kept exactly');
    }
  }
  return end;
}

/** 0-9 + - . e E */
const isNumeric = (char: number): boolean =>
  (char >= 0x30 && char <= 0x39) ||
  char === 0x2b ||
  char === MINUS ||
  char === 0x2e ||
  char === 0x65 ||
  char === 0x45;

const malformed = (message: string): NxError => new NxError('BAD_REQUEST', message);
