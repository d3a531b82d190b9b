// SPDX-License-Identifier: Apache-2.0
import { CONTROLS, type Mask, NOT_IN_QUERY } from './char-set.js';
import type { Problem, RewriteSpec } from './model.js';
import { parsePattern } from './pattern.js';
import { invalidFormat, problem } from './text.js';
import { isAbsoluteTarget, isTarget } from './url.js';
import { isProblem, type Part, splitText, VARIABLES } from './variables.js';

export interface Rewrite {
  /** The pattern with its groups named. */
  readonly pattern: string;
  readonly replacement: readonly Part[];
  readonly flag: RewriteSpec['flag'];
  /** What captured text, which is decoded, could smuggle in: line breaks, or also parameters of a query. */
  readonly danger: 'none' | 'lines' | 'query';
}

export function parseRewrite(rule: RewriteSpec): Rewrite | (Problem & { field: 'pattern' | 'replacement' }) {
  const pattern = parsePattern(rule.pattern);
  if (isProblem(pattern)) {
    return { ...pattern, field: 'pattern' };
  }
  const replacement = splitText(rule.replacement, VARIABLES.url, Math.min(pattern.groups, 9));
  if (isProblem(replacement)) {
    return { ...replacement, field: 'replacement' };
  }
  if (!isTarget(rule.replacement)) {
    return {
      ...invalidFormat('must be a path or an http or https URL of a fixed host'),
      field: 'replacement',
    };
  }
  if (isAbsoluteTarget(rule.replacement) && rule.flag !== 'redirect' && rule.flag !== 'permanent') {
    const message = 'an absolute URL is always a redirect; the flag must be redirect or permanent';
    return { ...problem('INVALID_FORMAT', message), field: 'replacement' };
  }
  return {
    pattern: pattern.named,
    replacement,
    flag: rule.flag,
    danger: dangerOf(rule.replacement, pattern.captures),
  };
}

/** Captures that are used, by number, of a replacement or a part of it. */
const used = (text: string): readonly number[] =>
  [...text.matchAll(/\$\{?([1-9])/g)].map((match) => Number(match[1]));

function dangerOf(replacement: string, captures: readonly Mask[]): Rewrite['danger'] {
  const holds = (text: string, mask: Mask): boolean =>
    used(text).some((group) => ((captures[group - 1] ?? 0n) & mask) !== 0n);
  const query = replacement.includes('?') ? replacement.slice(replacement.indexOf('?')) : '';
  if (holds(query, NOT_IN_QUERY)) {
    return 'query';
  }
  return holds(replacement, CONTROLS) ? 'lines' : 'none';
}

/** Why a rewrite rule cannot be rendered, if so; `field` of the problem is `pattern` or `replacement`. */
export function checkRewrite(
  rule: RewriteSpec,
): (Problem & { field: 'pattern' | 'replacement' }) | undefined {
  const parsed = parseRewrite(rule);
  return isProblem(parsed) ? parsed : undefined;
}
