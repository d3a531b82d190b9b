import type { Problem } from './model.js';
import { checkText, invalidFormat } from './text.js';

export interface Pattern {
  /** The pattern with its capturing groups named `nx1`, `nx2` … */
  readonly named: string;
  readonly groups: number;
}

export function parsePattern(source: string): Pattern | Problem {
  const bad = checkText(source);
  if (bad) {
    return bad;
  }
  try {
    new RegExp(source);
  } catch {
    return invalidFormat('is no regular expression');
  }
  return { named: source, groups: 9 };
}
