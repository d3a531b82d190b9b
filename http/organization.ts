// SPDX-License-Identifier: Apache-2.0
import { detail, invalid } from '../kernel/index.js';
import type { Principal } from './authorize.js';

/**
 * The organization that a request is about: the one it names, in the address or the body, or else the only one that its
 * principal is in. Rights are decided on it afterwards.
 */
export function organizationOf(principal: Principal, ...named: readonly (string | undefined)[]): string {
  const given = new Set(named.filter((one) => one !== undefined));
  if (given.size > 1) {
    throw invalid([detail('organization_id', 'INVALID_VALUE', 'The address and the body name two of them')]);
  }
  const [one] = given;
  const own = principal.organizationId ?? only(Object.keys(principal.roles));
  const found = one ?? own;
  if (found === undefined) {
    throw invalid([detail('organization_id', 'REQUIRED', 'Required by whoever is not in one organization')]);
  }
  return found;
}

const only = (ids: readonly string[]): string | undefined => (ids.length === 1 ? ids[0] : undefined);
