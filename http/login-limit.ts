// SPDX-License-Identifier: Apache-2.0
import { type Clock, foldedName } from '../kernel/index.js';
import { type RateLimit, rateLimited, rateLimiter } from './rate-limit.js';

export interface LoginLimiter {
  /**
   * Counts a try before the password is looked at, so that many at once cannot overtake the count.
   * RATE_LIMITED when the account or the network has used up its tries. Call what it gives when the password was right.
   */
  attempt(account: string, network: string): { succeeded(): void };
  /**
   * Counts a refresh token that was not good; RATE_LIMITED when the network has shown too many. Good ones are neither
   * counted nor refused, and passwords are counted apart: who is thrown out by a stale token must be able to sign in.
   */
  badToken(network: string): void;
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
  const tokens = rateLimiter({ clock, limit, windowMs });
  return {
    attempt: (account, network) => {
      const name = foldedName(account);
      const share = JSON.stringify([network, name]);
      const counted = shares.peek(share).allowed;
      const refused = [networks.peek(network), accounts.peek(name)].find(({ allowed }) => !allowed);
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
    badToken: (network) => {
      const verdict = tokens.take(network);
      if (!verdict.allowed) {
        throw rateLimited(verdict, clock, 'authentication');
      }
    },
  };
}
