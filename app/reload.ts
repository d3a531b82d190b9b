// SPDX-License-Identifier: Apache-2.0
import type { Principal } from '../http/index.js';
import { type Clock, timestamp } from '../kernel/index.js';
import type { Access, Rights } from '../projections/index.js';
import { keyPrincipal } from './authenticate.js';

/** Who a principal is by now, from the rights as the log has them; undefined when it is nobody any more. */
export function reloader(access: Access, clock: Clock) {
  return async (before: Principal & Partial<Rights>): Promise<Principal | undefined> => {
    const { kind, id, userId, sessionId, sessionVersion } = before;
    const rights = access.rights(userId);
    if (!rights) {
      return undefined;
    }
    if (kind === 'api_key') {
      const key = access.key(id)?.key;
      const over = !key || (key.expires_at !== null && key.expires_at <= timestamp(clock.now()));
      return over ? undefined : keyPrincipal(key, rights);
    }
    const open = sessionId !== undefined && access.sessionOf(sessionId) === userId;
    return open && sessionVersion === rights.sessionVersion ? { ...before, ...rights } : undefined;
  };
}
