// SPDX-License-Identifier: Apache-2.0
/**
 * Tokens whose signature was checked. A client sends the same token with every request, and checking its signature costs
 * more than all else of a small one. What may change is asked each time: its end, and whether its key still stands.
 * A token is remembered by the digest of the whole of it, so that another signature is another token.
 */
import { hash } from 'node:crypto';

export interface Verified<Claims> {
  get(token: string): { readonly claims: Claims; readonly kid: string } | undefined;
  put(token: string, kid: string, claims: Claims): void;
  forget(token: string): void;
}

/** A client has one token at a time: so many clients at once are remembered, the oldest forgotten first. */
const MAX_TOKENS = 10_000;

const nameOf = (token: string): string => hash('sha256', token, 'base64');

export function verifiedTokens<Claims>(max = MAX_TOKENS): Verified<Claims> {
  const known = new Map<string, { claims: Claims; kid: string }>();
  return {
    get: (token) => known.get(nameOf(token)),
    put: (token, kid, claims) => {
      known.set(nameOf(token), { claims, kid });
      if (known.size > max) {
        known.delete(known.keys().next().value ?? '');
      }
    },
    forget: (token) => void known.delete(nameOf(token)),
  };
}
