// SPDX-License-Identifier: Apache-2.0
import { type Authenticate, jwtAuthenticator } from '../http/index.js';
import type { Context } from './context.js';
import { TOKENS } from './tokens.js';

/** A token so young may be of a session that another process has just begun. */
const YOUNG_S = 10;
const FRESH_MS = 1_000;

/** Who asks, by the rights that this process has followed from the log. */
export function authenticator({ access, keys, clock }: Context): Authenticate {
  return jwtAuthenticator({
    ...TOKENS,
    clock,
    findKey: keys.signing.find,
    loadPrincipal: async ({ sub, sessionVersion, sessionId }, issuedAt) => {
      const load = () => {
        const rights = access.rights(sub);
        return rights?.sessionVersion === sessionVersion && access.sessionOf(sessionId) === sub
          ? { kind: 'user' as const, id: sub, sessionId, ...rights }
          : undefined;
      };
      const young = clock.now() / 1000 - issuedAt < YOUNG_S;
      return load() ?? (young && (await access.fresh(FRESH_MS)) ? load() : undefined);
    },
  });
}
