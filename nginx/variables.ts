// SPDX-License-Identifier: Apache-2.0
import type { Problem } from './model.js';
import { checkText, problem } from './text.js';

/** A piece of an interpolated value: literal text, or a variable of nginx. */
export type Part = string | { readonly variable: string };

/**
 * Variables whose value cannot hold a line break: what nginx makes itself, and what it took undecoded from the
 * request. `$uri` and `$document_uri` are decoded, `$remote_user` comes out of Base64: each can carry CR LF.
 */
const REQUEST = [
  'args',
  'host',
  'https',
  'is_args',
  'query_string',
  'remote_addr',
  'remote_port',
  'request_id',
  'request_method',
  'request_uri',
  'scheme',
  'server_name',
  'server_port',
];
const PREFIXED = /^(?:arg|cookie|http)_[a-z0-9_]{1,64}$/;

const HEADER = [
  ...REQUEST,
  'binary_remote_addr',
  'connection',
  'connection_requests',
  'content_length',
  'content_type',
  'hostname',
  'msec',
  'proxy_add_x_forwarded_for',
  'proxy_host',
  'proxy_port',
  'request_length',
  'request_time',
  'server_addr',
  'server_protocol',
  'ssl_cipher',
  'ssl_protocol',
  'ssl_session_reused',
  'status',
  'time_iso8601',
  'time_local',
  'upstream_addr',
  'upstream_cache_status',
  'upstream_connect_time',
  'upstream_header_time',
  'upstream_response_time',
  'upstream_status',
];

export interface VariableSet {
  readonly names: ReadonlySet<string>;
  readonly prefixed: RegExp;
}

/** Which variables each kind of value may use. */
export const VARIABLES = {
  header: {
    names: new Set(HEADER.filter((name) => name !== 'binary_remote_addr')),
    prefixed: /^(?:arg|cookie|http|upstream_http)_[a-z0-9_]{1,64}$/,
  },
  url: { names: new Set(REQUEST), prefixed: PREFIXED },
} as const satisfies Record<string, VariableSet>;

const DECODED = new Set(['uri', 'document_uri']);

function variableProblem(name: string): Problem {
  const hint = DECODED.has(name)
    ? `$${name} is decoded and can carry line breaks: use $request_uri`
    : `variable $${name} is not allowed here`;
  return problem('VARIABLE_NOT_ALLOWED', hint);
}

/**
 * Splits a value as nginx would interpolate it. `captures` is how many numbered groups `$1`… may name.
 * A `$` that names no variable is refused: nginx has no way to write a literal one.
 */
export function splitText(value: string, allowed: VariableSet, captures = 0): readonly Part[] | Problem {
  const bad = checkText(value);
  if (bad) {
    return bad;
  }
  const parts: Part[] = [];
  let rest = 0;
  for (let at = value.indexOf('$'); at !== -1; at = value.indexOf('$', rest)) {
    const match = /^\$(?:([1-9])|([A-Za-z_][A-Za-z0-9_]*)|\{([A-Za-z_][A-Za-z0-9_]*)\}|\{([1-9])\})/.exec(
      value.slice(at, at + 80),
    );
    const digit = match?.[1] ?? match?.[4];
    const name = match?.[2] ?? match?.[3];
    if (!match || (digit === undefined && name === undefined)) {
      return problem('VARIABLE_NOT_ALLOWED', 'a literal $ cannot be written in nginx');
    }
    if (digit !== undefined && Number(digit) > captures) {
      return problem('VARIABLE_NOT_ALLOWED', `$${digit} names no group of the pattern`);
    }
    if (name !== undefined && !allowed.names.has(name) && !allowed.prefixed.test(name)) {
      return variableProblem(name);
    }
    if (at > rest) {
      parts.push(value.slice(rest, at));
    }
    parts.push({ variable: name ?? captureName(Number(digit)) });
    rest = at + match[0].length;
  }
  if (rest < value.length) {
    parts.push(value.slice(rest));
  }
  return parts;
}

/** The name that the n-th group of a pattern gets: nginx's numbered captures have had memory faults, named ones not. */
export const captureName = (group: number): string => `nx${group}`;

export const isProblem = (value: unknown): value is Problem =>
  typeof value === 'object' && value !== null && 'code' in value && 'message' in value;
