// SPDX-License-Identifier: Apache-2.0
import { type Route, route } from '../http/index.js';
import { closed, Type } from '../schemas/index.js';

const Jwk = closed({
  kty: Type.Literal('EC'),
  crv: Type.Literal('P-256'),
  x: Type.String(),
  y: Type.String(),
  kid: Type.String(),
  alg: Type.Literal('ES256'),
  use: Type.Literal('sig'),
});

/** Shorter than a new key is published before it signs. */
const CACHE_S = 30;

export const jwksQueries = ({ jwks }: { readonly jwks: () => readonly unknown[] }): Route[] => [
  route({
    method: 'GET',
    path: '/.well-known/jwks.json',
    operationId: 'getJwks',
    summary: 'The public keys that access tokens are verified with (RFC 7517)',
    tag: 'Authentication',
    permission: 'public',
    success: { status: 200, schema: closed({ keys: Type.Array(Jwk) }) },
    handler: () => ({ body: { keys: jwks() }, headers: { 'Cache-Control': `public, max-age=${CACHE_S}` } }),
  }),
];
