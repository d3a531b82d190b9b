// SPDX-License-Identifier: Apache-2.0
/**
 * Regular expressions that people write, read by our own parser: a subset of PCRE in which matching takes time that
 * grows at most with the cube of a short path. What could take exponential time is refused, and so is whatever would
 * set a variable of nginx or look behind the text.
 */
import { ANY, classMask, escapeMask, literalMask, type Mask } from './char-set.js';
import type { Problem } from './model.js';
import { checkText, invalidFormat, problem } from './text.js';
import { captureName } from './variables.js';

export interface Pattern {
  /** The pattern with its capturing groups named `nx1`, `nx2` … */
  readonly named: string;
  readonly groups: number;
  /** For each group from 1, which characters its capture may hold. */
  readonly captures: readonly Mask[];
}

const MAX_DEPTH = 20;
const MAX_GROUPS = 9;
/** Steps that the pattern has when its counted repetitions are written out. */
const MAX_SIZE = 2000;
const MAX_COUNT = 1000;
/** Ways in which repetitions that can take the same characters may share them: three without limit. */
const MAX_WAYS = 1_000_000;
const UNLIMITED_WAYS = 100;

class Refused extends Error {
  readonly problem: Problem;

  constructor(code: string, message: string) {
    super(message);
    this.problem = problem(code, message);
  }
}

const unsafe = (message: string): never => {
  throw new Refused('UNSAFE_REGEX', message);
};
const malformed = (message: string): never => {
  throw new Refused('INVALID_FORMAT', message);
};

/** What is known of a part of the pattern. */
interface Node {
  /** Characters that it may begin with. */
  readonly first: Mask;
  /** All characters that it may hold. */
  readonly all: Mask;
  readonly nullable: boolean;
  /** It holds a repetition that can match more or less often. */
  readonly varies: boolean;
  /** Its alternatives can begin with the same character. */
  readonly ambiguous: boolean;
  readonly size: number;
  readonly kind: 'anchor' | 'character' | 'other';
}

const EMPTY: Node = {
  first: 0n,
  all: 0n,
  nullable: true,
  varies: false,
  ambiguous: false,
  size: 0,
  kind: 'other',
};
const ANCHOR: Node = { ...EMPTY, size: 1, kind: 'anchor' };
const character = (mask: Mask): Node => ({
  ...EMPTY,
  first: mask,
  all: mask,
  nullable: false,
  size: 1,
  kind: 'character',
});

/** A repetition that can still give characters to what follows, and how many ways it has to do so. */
interface Active {
  readonly mask: Mask;
  readonly ways: number;
}

const QUANTIFIER = /^(?:([*+?])|\{([0-9]{1,4})(?:(,)([0-9]{1,4})?)?\})\??/;

function limits(match: RegExpExecArray): { min: number; max: number } {
  const [, sign, least = '', comma, most] = match;
  if (sign !== undefined) {
    return { min: sign === '+' ? 1 : 0, max: sign === '?' ? 1 : Infinity };
  }
  const min = Number(least);
  const max = comma === undefined ? min : most === undefined ? Infinity : Number(most);
  return min > max || min > MAX_COUNT || (max > MAX_COUNT && max !== Infinity)
    ? malformed('has a repetition out of range')
    : { min, max };
}

function parse(source: string, ignoreCase: boolean): Pattern {
  let at = 0;
  let named = '';
  let groups = 0;
  let active: readonly Active[] = [];
  const captures: Mask[] = [];

  const take = (length: number): void => {
    named += source.slice(at, at + length);
    at += length;
  };

  function alternatives(depth: number): Node {
    if (depth > MAX_DEPTH) {
      unsafe('groups are nested too deep');
    }
    const before = active;
    let node = sequence(depth);
    let after = active;
    while (source[at] === '|') {
      take(1);
      active = before;
      const next = sequence(depth);
      after = [...new Set([...after, ...active])];
      node = {
        first: node.first | next.first,
        all: node.all | next.all,
        nullable: node.nullable || next.nullable,
        varies: node.varies || next.varies,
        ambiguous: node.ambiguous || next.ambiguous || (node.first & next.first) !== 0n,
        size: node.size + next.size,
        kind: 'other',
      };
    }
    active = after;
    return node;
  }

  function sequence(depth: number): Node {
    let node = EMPTY;
    while (at < source.length && source[at] !== '|' && source[at] !== ')') {
      const before = active;
      const next = quantified(atom(depth), before);
      node = {
        first: node.nullable ? node.first | next.first : node.first,
        all: node.all | next.all,
        nullable: node.nullable && next.nullable,
        varies: node.varies || next.varies,
        ambiguous: node.ambiguous || next.ambiguous,
        size: node.size + next.size,
        kind: 'other',
      };
      if (node.size > MAX_SIZE) {
        unsafe('the pattern is too large');
      }
    }
    return node;
  }

  function quantified(node: Node, before: readonly Active[]): Node {
    const match = QUANTIFIER.exec(source.slice(at, at + 16));
    if (!match) {
      if (node.kind === 'character') {
        // A character that must be there and that a repetition cannot take holds that repetition back.
        active = active.filter(({ mask }) => (mask & node.all) !== 0n);
      }
      return node;
    }
    if (node.kind === 'anchor') {
      malformed('nothing to repeat');
    }
    take(match[0].length);
    if (/^[*+?]/.test(source.slice(at, at + 1))) {
      unsafe('a repetition must not be repeated');
    }
    const { min, max } = limits(match);
    if (max > 1 && node.varies) {
      unsafe('a group that repeats must not hold a repetition');
    }
    if (max > 1 && (node.ambiguous || node.nullable)) {
      unsafe('the alternatives of a group that repeats must begin differently and match something');
    }
    if (min === 0) {
      active = [...new Set([...before, ...active])];
    }
    if (min !== max) {
      const ways = Math.min(max - min + 1, UNLIMITED_WAYS);
      const overlapping = active.filter(({ mask }) => (mask & node.all) !== 0n);
      if (overlapping.reduce((product, other) => product * other.ways, ways) > MAX_WAYS) {
        unsafe('too many repetitions that can match the same text');
      }
      active = [...active, { mask: node.all, ways }];
    }
    return {
      ...node,
      nullable: node.nullable || min === 0,
      varies: node.varies || min !== max,
      size: node.size * (Number.isFinite(max) ? Math.max(max, 1) : min + 1),
      kind: 'other',
    };
  }

  function group(depth: number): Node {
    take(1);
    let index = 0;
    if (source.startsWith('?:', at)) {
      take(2);
    } else if (source[at] === '?') {
      unsafe('named groups, lookarounds and flags are not supported');
    } else if (source[at] === '*') {
      unsafe('verbs are not supported');
    } else {
      groups += 1;
      index = groups;
      named += `?<${captureName(index)}>`;
    }
    if (groups > MAX_GROUPS) {
      unsafe(`has more than ${MAX_GROUPS} groups`);
    }
    const node = alternatives(depth + 1);
    if (source[at] !== ')') {
      malformed('has a group that is not closed');
    }
    take(1);
    if (index > 0) {
      captures[index - 1] = node.all;
    }
    return { ...node, kind: 'other' };
  }

  function atom(depth: number): Node {
    const char = source.charAt(at);
    switch (char) {
      case '(':
        return group(depth);
      case '^':
      case '$':
        take(1);
        return ANCHOR;
      case '.':
        take(1);
        return character(ANY);
      case '[': {
        const found =
          classMask(source.slice(at), ignoreCase) ?? malformed('has a class that is not supported');
        take(found.length);
        return character(found.mask);
      }
      case '\\': {
        const found =
          escapeMask(source.slice(at, at + 2)) ?? malformed('has an escape that is not supported');
        take(found.length);
        return found.mask === undefined ? ANCHOR : character(found.mask);
      }
      case '*':
      case '+':
      case '?':
      case '{':
        return malformed('nothing to repeat');
      default:
        take(1);
        return character(literalMask(char, ignoreCase));
    }
  }

  alternatives(0);
  if (at < source.length) {
    malformed('has a ) without its (');
  }
  return { named, groups, captures };
}

/** Reads a pattern; the problem's code is INVALID_FORMAT or UNSAFE_REGEX. */
export function parsePattern(source: string): Pattern | Problem {
  const bad = source === '' ? invalidFormat('must not be empty') : checkText(source);
  if (bad) {
    return bad;
  }
  const ignoreCase = source.startsWith('(?i)');
  try {
    const pattern = parse(ignoreCase ? source.slice(4) : source, ignoreCase);
    return ignoreCase ? { ...pattern, named: `(?i)${pattern.named}` } : pattern;
  } catch (error) {
    if (error instanceof Refused) {
      return error.problem;
    }
    throw error;
  }
}
