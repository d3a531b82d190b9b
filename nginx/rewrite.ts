import type { Problem, RewriteSpec } from './model.js';
import { parsePattern } from './pattern.js';
import { invalidFormat, problem } from './text.js';
import { isProblem, type Part, splitText, VARIABLES } from './variables.js';

export interface Rewrite {
  /** The pattern with its groups named. */
  readonly pattern: string;
  readonly replacement: readonly Part[];
  readonly flag: RewriteSpec['flag'];
  /** A captured text may stand in the query, where nginx would not escape it. */
  readonly capturesInQuery: boolean;
}

const ABSOLUTE = /^(?:https?|\$scheme|\$\{scheme\}):\/\/(?:[A-Za-z0-9[]|\$\{?(?:host|server_name)\b)/;

export function parseRewrite(rule: RewriteSpec): Rewrite | (Problem & { field: 'pattern' | 'replacement' }) {
  const pattern = parsePattern(rule.pattern);
  if (isProblem(pattern)) {
    return { ...pattern, field: 'pattern' };
  }
  const replacement = splitText(rule.replacement, VARIABLES.url, Math.min(pattern.groups, 9));
  if (isProblem(replacement)) {
    return { ...replacement, field: 'replacement' };
  }
  const absolute = ABSOLUTE.test(rule.replacement);
  if (!absolute && !/^\/(?!\/)/.test(rule.replacement)) {
    return { ...invalidFormat('must be a path or an absolute http or https URL'), field: 'replacement' };
  }
  if (absolute && rule.flag !== 'redirect' && rule.flag !== 'permanent') {
    const message = 'an absolute URL is always a redirect; the flag must be redirect or permanent';
    return { ...problem('INVALID_FORMAT', message), field: 'replacement' };
  }
  const query = rule.replacement.includes('?') ? rule.replacement.slice(rule.replacement.indexOf('?')) : '';
  return {
    pattern: pattern.named,
    replacement,
    flag: rule.flag,
    capturesInQuery: /\$\{?[1-9]/.test(query),
  };
}

/** Why a rewrite rule cannot be rendered, if so; `field` of the problem is `pattern` or `replacement`. */
export function checkRewrite(
  rule: RewriteSpec,
): (Problem & { field: 'pattern' | 'replacement' }) | undefined {
  const parsed = parseRewrite(rule);
  return isProblem(parsed) ? parsed : undefined;
}
