// SPDX-License-Identifier: Apache-2.0
import {
  type Authenticate,
  jwtAuthenticator,
  keyAuthenticator,
  type Principal,
  sameDigest,
} from '../http/index.js';
import { timestamp } from '../kernel/index.js';
import type { Rights } from '../projections/index.js';
import type { ApiKey } from '../schemas/index.js';
import type { Context } from './context.js';
import { TOKENS } from './tokens.js';

/** A token so young may be of a session that another process has just begun. */
const YOUNG_S = 10;
const FRESH_MS = 1_000;
/** Compared with where there is no key, so that there is always something to compare. */
const NO_DIGEST = '0'.repeat(64);

/** Who asks, by the rights that this process has followed from the log. */
export function authenticator(context: Context): Authenticate {
  const { access, keys, clock, keyUse } = context;
  const people = jwtAuthenticator({
    ...TOKENS,
    clock,
    findKey: keys.signing.find,
    loadPrincipal: async ({ sub, sessionVersion, sessionId }, issuedAt) => {
      const load = (): Principal | undefined => {
        const rights = access.rights(sub);
        return rights?.sessionVersion === sessionVersion && access.sessionOf(sessionId) === sub
          ? { kind: 'user', id: sub, sessionId, ...rights }
          : undefined;
      };
      const young = clock.now() / 1000 - issuedAt < YOUNG_S;
      return load() ?? (young && (await access.fresh(FRESH_MS)) ? load() : undefined);
    },
  });
  return keyAuthenticator(async (id, sha256) => {
    if (!access.key(id)) {
      await access.fresh(FRESH_MS);
    }
    const known = access.key(id);
    const right = sameDigest(sha256, known?.secretSha256 ?? NO_DIGEST);
    const rights = known && access.rights(known.key.user_id);
    const expires = known?.key.expires_at ?? null;
    if (!right || !known || !rights || (expires !== null && expires <= timestamp(clock.now()))) {
      return undefined;
    }
    keyUse.used(id);
    return keyPrincipal(known.key, rights);
  }, people);
}

/** A key may do what its maker may now, within its scopes; one for an organization knows no other. */
export function keyPrincipal({ id, scopes, organization_id }: ApiKey, rights: Rights): Principal {
  const { userId, isAdmin, roles, workspaceRoles } = rights;
  const base = { kind: 'api_key', id, userId, scopes } as const;
  if (organization_id === null) {
    return { ...base, isAdmin, roles, workspaceRoles };
  }
  const role = isAdmin ? 'owner' : roles[organization_id];
  return {
    ...base,
    isAdmin: false,
    roles: role === undefined ? {} : { [organization_id]: role },
    workspaceRoles: isAdmin ? {} : workspaceRoles,
    organizationId: organization_id,
  };
}
