// SPDX-License-Identifier: Apache-2.0
import type { Clock } from '../kernel/index.js';
import { type RateLimit, rateLimited, rateLimiter } from './rate-limit.js';

export interface LoginLimiter {
  /**
   * Counts a try before the password is looked at, so that many at once cannot overtake the count.
   * RATE_LIMITED when the account or the network has used up its tries. Call what it gives when the password was right.
   * Without an account (a token that is refreshed, a link that is used) the network alone counts.
   */
  attempt(account: string | undefined, network: string): { succeeded(): void };
}

export const LOGIN_LIMIT: RateLimit = { limit: 10, windowMs: 600_000 };

/**
 * Guessing of passwords: so many tries a window for each network and for each account. One network can use up only half
 * of an account's tries: whoever guesses from one place does not shut out the owner who comes from another.
 */
export function loginLimiter(deps: { clock: Clock } & Partial<RateLimit>): LoginLimiter {
  const { clock, limit = LOGIN_LIMIT.limit, windowMs = LOGIN_LIMIT.windowMs } = deps;
  const networks = rateLimiter({ clock, limit, windowMs });
  const accounts = rateLimiter({ clock, limit, windowMs });
  const shares = rateLimiter({ clock, limit: Math.max(1, Math.floor(limit / 2)), windowMs });
  return {
    attempt: (account, network) => {
      const name = account?.trim().toLowerCase() ?? '';
      const share = JSON.stringify([network, name]);
      const counted = account !== undefined && shares.peek(share).allowed;
      const verdicts = [networks.peek(network), ...(counted ? [accounts.peek(name)] : [])];
      const refused = verdicts.find((verdict) => !verdict.allowed);
      if (refused) {
        throw rateLimited(refused, clock, 'authentication');
      }
      networks.take(network);
      if (counted) {
        accounts.take(name);
        shares.take(share);
      }
      return {
        succeeded: () => {
          networks.giveBack(network);
          if (counted) {
            accounts.giveBack(name);
            shares.giveBack(share);
          }
        },
      };
    },
  };
}
