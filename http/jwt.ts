// SPDX-License-Identifier: Apache-2.0
import { createHash, type KeyObject } from 'node:crypto';
import { decodeProtectedHeader, SignJWT } from 'jose';
import type { Context } from 'koa';
import koaJwt from 'koa-jwt';
import { type Clock, isUuid, NxError, type Random, uuidv7 } from '../kernel/index.js';
import type { Principal } from './authorize.js';
import { HttpError } from './errors.js';
import type { Authenticate } from './pipeline.js';
import { verifiedTokens } from './verified.js';

const TYPE = 'at+jwt';
const ALGORITHM = 'ES256';
/** How far ahead of ours another process's clock may be. */
const SKEW_S = 30;

export const ACCESS_TOKEN_SECONDS = 900;

export interface TokenSettings {
  readonly issuer: string;
  readonly audience: string;
  readonly clock: Clock;
}

/** Name of a key: the start of the SHA-256 over its public half. */
export const keyId = (publicKey: KeyObject): string =>
  createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('base64url')
    .slice(0, 22);

export interface SigningKey {
  readonly kid: string;
  readonly privateKey: KeyObject;
}

/** Whose token: which session of which user, and the version of the user's sessions. */
export interface TokenSubject {
  readonly sub: string;
  readonly sessionVersion: number;
  readonly sessionId: string;
}

/** Signs access tokens with the P-256 key that `signer` names at that moment. */
export function tokenIssuer(
  deps: TokenSettings & { random: Random; signer: () => SigningKey; lifetimeS?: number },
): (subject: TokenSubject) => Promise<{ token: string; expiresIn: number }> {
  const { issuer, audience, clock, random, signer, lifetimeS = ACCESS_TOKEN_SECONDS } = deps;
  return async ({ sub, sessionVersion, sessionId }) => {
    const now = Math.floor(clock.now() / 1000);
    const { kid, privateKey } = signer();
    const token = await new SignJWT({ sv: sessionVersion, sid: sessionId })
      .setProtectedHeader({ alg: ALGORITHM, typ: TYPE, kid })
      .setIssuer(issuer)
      .setAudience(audience)
      .setSubject(sub)
      .setIssuedAt(now)
      .setExpirationTime(now + lifetimeS)
      .setJti(uuidv7(clock, random))
      .sign(privateKey);
    return { token, expiresIn: lifetimeS };
  };
}

/** Undefined when the user is gone or disabled, the session is over, or its version is not the current one. */
export type LoadPrincipal = (subject: TokenSubject, issuedAt: number) => Promise<Principal | undefined>;

/** The public key of this name; undefined when there is none. */
export type FindKey = (kid: string) => Promise<KeyObject | undefined>;

/**
 * Bearer tokens. A key verifies one algorithm, whatever the token's header says; keys come from the table by `kid` and
 * never from the token. Every fault is the same UNAUTHORIZED.
 */
export function jwtAuthenticator(
  deps: TokenSettings & { findKey: FindKey; loadPrincipal: LoadPrincipal },
): Authenticate {
  const { findKey, clock, loadPrincipal } = deps;
  const seconds = (): number => Math.floor(clock.now() / 1000);
  const options = {
    // The library's types do not know key objects; its verifier takes them, and they are the fastest.
    secret: async (header: unknown) => (await keyFor(findKey, header)) as unknown as Buffer,
    algorithms: [ALGORITHM],
    issuer: deps.issuer,
    audience: deps.audience,
    key: 'claims',
    // Read anew at each verification.
    get clockTimestamp() {
      return seconds();
    },
  };
  const verify = koaJwt(options);
  const verified = verifiedTokens<Claims>();

  async function claimsOf(ctx: Context, authorization: string): Promise<Claims> {
    const known = verified.get(authorization);
    if (known) {
      // What time decides is decided anew: a clock may have been set back too.
      const { iat, exp } = known.claims;
      const now = seconds();
      if (iat <= now + SKEW_S && exp > now && (await findKey(known.kid))) {
        return known.claims;
      }
      verified.forget(authorization);
    }
    const claims = await verifiedClaims(ctx, verify);
    if (!wellFormed(claims, seconds())) {
      throw invalidToken();
    }
    verified.put(authorization, kidOf(authorization), claims);
    return claims;
  }

  return async (ctx) => {
    const { authorization } = ctx.req.headers;
    if (authorization === undefined) {
      throw new NxError('UNAUTHORIZED', 'Authentication required');
    }
    const claims = await claimsOf(ctx, authorization);
    const { sub, sv: sessionVersion, sid: sessionId, iat } = claims;
    const principal = await loadPrincipal({ sub, sessionVersion, sessionId }, iat);
    if (!principal) {
      throw invalidToken();
    }
    return { ...principal, expiresAt: claims.exp * 1000 };
  };
}

/** The name of the key in the header of a token whose signature is good. */
const kidOf = (authorization: string): string =>
  String(decodeProtectedHeader(authorization.slice(authorization.lastIndexOf(' ') + 1)).kid);

async function verifiedClaims(ctx: Context, verify: koaJwt.Middleware): Promise<unknown> {
  try {
    await verify(ctx, async () => undefined);
  } catch {
    throw invalidToken();
  }
  return (ctx.state as { claims?: unknown }).claims;
}

async function keyFor(findKey: FindKey, header: unknown): Promise<KeyObject> {
  const { alg, typ, kid, crit } = header as Record<string, unknown>;
  const ours = alg === ALGORITHM && typ === TYPE && crit === undefined;
  const key = ours && typeof kid === 'string' ? await findKey(kid) : undefined;
  if (!key) {
    throw new Error('not a token of ours');
  }
  return key;
}

interface Claims {
  readonly sub: string;
  readonly sv: number;
  readonly exp: number;
  readonly sid: string;
  readonly iat: number;
}

/** What the library does not ask for: that the claims are there at all, and of the right type. */
function wellFormed(claims: unknown, now: number): claims is Claims {
  if (typeof claims !== 'object' || claims === null) {
    return false;
  }
  const { sub, sv, sid, exp, iat } = claims as Record<string, unknown>;
  return (
    typeof sub === 'string' &&
    isUuid(sub) &&
    typeof sid === 'string' &&
    isUuid(sid) &&
    Number.isSafeInteger(sv) &&
    Number.isSafeInteger(exp) &&
    Number.isSafeInteger(iat) &&
    Number(iat) <= now + SKEW_S
  );
}

export const invalidToken = (): HttpError =>
  new HttpError('UNAUTHORIZED', 'Invalid credentials', {
    'WWW-Authenticate': 'Bearer realm="nxmesh", error="invalid_token"',
  });
