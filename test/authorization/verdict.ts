// SPDX-License-Identifier: Apache-2.0
/** What the policy says of a request, reckoned from its table alone: the program's own `authorize` is not asked. */
import { POLICY, type Route } from '../../http/index.js';
import { type Asker, namesOf, PLACES, WHOLE } from './tenants.harness.js';

/** `hidden` is answered as an id that does not exist. */
export type Verdict = 'allowed' | 'unauthorized' | 'forbidden' | 'hidden';

export type Target = 'own' | 'foreign' | 'random';

const RANKS = ['none', 'viewer', 'editor', 'admin', 'owner'];

const rank = (role: string | undefined): number => (role === undefined ? -1 : RANKS.indexOf(role));

/** The narrowest place that a path names. */
export function placeOf(route: Route): 'organization' | 'workspace' | undefined {
  const places = namesOf(route).map((name) => PLACES[name]);
  return (['workspace', 'organization'] as const).find((place) => places.includes(place));
}

export function verdict(route: Route, asker: Asker, target: Target): Verdict {
  const { permission } = route;
  if (permission === 'public') {
    return 'allowed';
  }
  if (asker.name === '') {
    return 'unauthorized';
  }
  const [least, scope] = POLICY[permission] as readonly [string, string?];
  const outOfScope = asker.scopes && !(scope !== undefined && asker.scopes.includes(scope));
  if (least === 'signed_in' || least === 'administrator') {
    const isMissing = least === 'administrator' && asker.role !== 'administrator';
    if (isMissing || outOfScope) {
      return 'forbidden';
    }
    // Of somebody who does not ask. A write is found out later, as it has no place to be decided on.
    const isTheirs = namesOf(route).some((name) => PLACES[name] === 'person');
    const isHidden = isTheirs && route.method === 'GET' && asker.role !== 'administrator';
    return isHidden ? 'hidden' : 'allowed';
  }
  const role = roleOf(asker, target, placeOf(route));
  if (rank(role) < rank('viewer') || target === 'random') {
    return 'hidden';
  }
  const isPart = asker.inWorkspace === 'none' && target === 'own' && WHOLE.includes(route.operationId);
  return rank(role) < rank(least) || outOfScope || isPart ? 'forbidden' : 'allowed';
}

/** The role of an asker in the tenant that a target belongs to. */
function roleOf(asker: Asker, target: Target, place: 'organization' | 'workspace' | undefined) {
  if (asker.role === 'administrator') {
    return 'owner';
  }
  if (target === 'foreign') {
    return isRival(asker) ? 'owner' : undefined;
  }
  const { role, inWorkspace } = asker;
  const isNarrowed = place === 'workspace' && inWorkspace !== undefined && rank(inWorkspace) < rank(role);
  return isNarrowed ? inWorkspace : role;
}

/** Whoever is at home in the other tenant. */
export const isRival = ({ name }: Asker): boolean => name === 'rival-owner' || name === 'key-elsewhere';
