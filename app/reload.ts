// SPDX-License-Identifier: Apache-2.0
import type { Principal } from '../http/index.js';
import type { Clock } from '../kernel/index.js';
import type { Access, Rights } from '../projections/index.js';

/** Who a principal is by now, from the rights as the log has them; undefined when it is nobody any more. */
export function reloader(access: Access, clock: Clock) {
  return async (before: Principal & Partial<Rights>): Promise<Principal | undefined> => {
    const rights = access.rights(before.userId);
    return rights && stillThere(before, rights, access, clock) ? { ...before, ...rights } : undefined;
  };
}

function stillThere(
  { kind, id, userId, sessionId, sessionVersion }: Principal & Partial<Rights>,
  rights: Rights,
  access: Access,
  clock: Clock,
): boolean {
  if (kind === 'api_key') {
    const found = access.key(id);
    const end = found?.key.expires_at ?? undefined;
    return found !== undefined && (end === undefined || Date.parse(end) > clock.now());
  }
  const sameVersion = sessionVersion === undefined || sessionVersion === rights.sessionVersion;
  return sameVersion && (sessionId === undefined || access.sessionOf(sessionId) === userId);
}
