// SPDX-License-Identifier: Apache-2.0
import { isDnsName, isIpv4, parseIpv6 } from './address.js';
import type { Problem } from './model.js';
import { invalidFormat } from './text.js';

/** The names of a virtual host, as its `server_name` field has them. */
export const splitServerNames = (text: string): readonly string[] => text.split(' ');

/** How nginx compares names: without regard to case. Two names are the same when these are equal. */
export const canonicalServerName = (name: string): string => name.toLowerCase();

/**
 * Why a text cannot be one name of a virtual host, if so. Allowed are names, `*.example.com`, `www.example.*` and
 * addresses. A virtual host never answers unknown names, therefore `_` is none.
 */
export function checkServerName(name: string): Problem | undefined {
  if (name === '' || name.length > 253) {
    return invalidFormat('must have 1 to 253 characters');
  }
  if (/[^ -~]/.test(name)) {
    return invalidFormat('must be ASCII; write an international name in its xn-- form');
  }
  if (name === '_') {
    return invalidFormat('must be a name: unknown names are refused on every port');
  }
  if (name.startsWith('~')) {
    return invalidFormat('must not be a regular expression');
  }
  if (isIpv4(name) || (name.startsWith('[') && parseIpv6(name.slice(1, -1)) && name.endsWith(']'))) {
    return undefined;
  }
  const bare = name.startsWith('*.') ? name.slice(2) : name.endsWith('.*') ? name.slice(0, -2) : name;
  return isDnsName(bare) ? undefined : invalidFormat('must be a domain name, *.domain, name.* or an address');
}
