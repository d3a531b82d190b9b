// SPDX-License-Identifier: Apache-2.0
import type { HeaderSpec, Problem } from './model.js';
import { invalidFormat, problem } from './text.js';
import { isProblem, type Part, splitText, VARIABLES } from './variables.js';

const NAME = /^[A-Za-z0-9!#&*+.^_|~-]{1,128}$/;

/** Headers that frame a message or belong to one connection: nginx must be the only one that writes them. */
const FRAMING = new Set([
  'connection',
  'content-length',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

export type HeaderText = Pick<HeaderSpec, 'name' | 'value' | 'applies_to'>;

export function parseHeaderValue(header: HeaderText): readonly Part[] | Problem {
  return splitText(header.value, VARIABLES.header);
}

/** Why a header's name cannot be set, if so. */
export function checkHeaderName(name: string): Problem | undefined {
  if (!NAME.test(name)) {
    return invalidFormat('must be a header name of letters, digits and !#&*+-.^_|~');
  }
  return FRAMING.has(name.toLowerCase())
    ? problem('HEADER_NOT_ALLOWED', `${name} belongs to the connection and is nginx's own`)
    : undefined;
}

/** Why a header's value cannot be rendered, if so. */
function checkHeaderValue(header: HeaderText): Problem | undefined {
  const parts = parseHeaderValue(header);
  return isProblem(parts) ? parts : undefined;
}

/** Why a header cannot be set, if so; `field` of the problem is `name` or `value`. */
export function checkHeader(header: HeaderText): (Problem & { field: 'name' | 'value' }) | undefined {
  const name = checkHeaderName(header.name);
  if (name) {
    return { ...name, field: 'name' };
  }
  const value = checkHeaderValue(header);
  return value && { ...value, field: 'value' };
}
