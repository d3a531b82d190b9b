// SPDX-License-Identifier: Apache-2.0
import { type Clock, foldedName } from '../kernel/index.js';
import { type RateLimit, rateLimited, rateLimiter, type Verdict } from './rate-limit.js';

export interface LoginTry {
  /**
   * Counts the try for the account that turned out to be meant as well: one that has several names has no more tries.
   * False when they are used up; that must look like a wrong password, or it would tell whose the names are.
   */
  on(account: string): boolean;
  /** The password was right: the try is taken back, and where it came from is known to the account. */
  succeeded(): void;
}

export interface LoginLimiter {
  /**
   * Counts a try before the password is looked at, so that many at once cannot overtake the count.
   * RATE_LIMITED when what is tried or the network has used up its tries.
   */
  attempt(name: string, network: string): LoginTry;
  /**
   * Counts a refresh token that was not good; RATE_LIMITED when the network has shown too many. Good ones are neither
   * counted nor refused, and passwords are counted apart: who is thrown out by a stale token must be able to sign in.
   */
  badToken(network: string): void;
}

export const LOGIN_LIMIT: RateLimit = { limit: 10, windowMs: 600_000 };

/** Accounts whose networks are remembered, and networks of each; the oldest are forgotten first. */
const MAX_ACCOUNTS = 100_000;
const MAX_NETWORKS = 8;

/** Lets the oldest go where there are too many. */
function bound(all: Set<string> | Map<string, unknown>, max: number): void {
  const [oldest] = all.keys();
  if (all.size > max && oldest !== undefined) {
    all.delete(oldest);
  }
}

/**
 * The tries at one account, over all networks: not one more than the limit. So that strangers do not shut out the owner,
 * one network gets only a part of them, and a part is left to the networks from which the account was signed in to.
 */
function accountLimiter({ clock, limit, windowMs }: { clock: Clock } & RateLimit) {
  const reserve = limit < 3 ? 0 : Math.max(1, Math.floor(limit / 5));
  const all = rateLimiter({ clock, limit, windowMs });
  const strangers = rateLimiter({ clock, limit: limit - reserve, windowMs });
  const shares = rateLimiter({ clock, limit: limit - 2 * reserve, windowMs });
  const known = new Map<string, Set<string>>();
  const shareOf = (account: string, network: string): string => JSON.stringify([network, account]);

  return {
    refusal: (account: string, network: string): Verdict | undefined => {
      const networks = known.get(account);
      const isStranger = networks !== undefined && !networks.has(network);
      const asked = [all.peek(account), shares.peek(shareOf(account, network))];
      return [...asked, ...(isStranger ? [strangers.peek(account)] : [])].find(({ allowed }) => !allowed);
    },
    /** Counts one; gives what takes it back. */
    take: (account: string, network: string): (() => void) => {
      const isKnown = known.get(account)?.has(network) === true;
      const counted = [
        [all, account],
        [shares, shareOf(account, network)],
        ...(isKnown ? [] : [[strangers, account] as const]),
      ] as const;
      for (const [limiter, key] of counted) {
        limiter.take(key);
      }
      return () => {
        for (const [limiter, key] of counted) {
          limiter.giveBack(key);
        }
      };
    },
    know: (account: string, network: string): void => {
      const networks = known.get(account) ?? new Set<string>();
      known.delete(account);
      known.set(account, networks);
      networks.delete(network);
      networks.add(network);
      bound(networks, MAX_NETWORKS);
      bound(known, MAX_ACCOUNTS);
    },
  };
}

/** Guessing of passwords: so many tries a window for each network and for each account, over all networks. */
export function loginLimiter(deps: { clock: Clock } & Partial<RateLimit>): LoginLimiter {
  const { clock, limit = LOGIN_LIMIT.limit, windowMs = LOGIN_LIMIT.windowMs } = deps;
  const networks = rateLimiter({ clock, limit, windowMs });
  const accounts = accountLimiter({ clock, limit, windowMs });
  const tokens = rateLimiter({ clock, limit, windowMs });
  return {
    attempt: (text, network) => {
      const name = foldedName(text);
      const crowded = networks.peek(network);
      const refused = crowded.allowed ? accounts.refusal(name, network) : crowded;
      if (refused) {
        throw rateLimited(refused, clock, 'authentication');
      }
      networks.take(network);
      const counted = [{ account: name, takeBack: accounts.take(name, network) }];
      return {
        on: (account) => {
          if (accounts.refusal(account, network)) {
            return false;
          }
          counted.push({ account, takeBack: accounts.take(account, network) });
          return true;
        },
        succeeded: () => {
          networks.giveBack(network);
          for (const { account, takeBack } of counted) {
            takeBack();
            accounts.know(account, network);
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
