// SPDX-License-Identifier: Apache-2.0
import { NxError, Secret } from '../../kernel/index.js';
import type { Granted } from './sessions.js';

/** `__Host-`: only this host can set it, only over TLS, and it goes to no other (RFC 6265bis). */
const NAME = '__Host-nxmesh_refresh';
const ATTRIBUTES = 'Path=/; Secure; HttpOnly; SameSite=Strict';

export const refreshCookie = ({ refreshToken, refreshExpiresIn }: Granted): string =>
  `${NAME}=${refreshToken.reveal()}; Max-Age=${refreshExpiresIn}; ${ATTRIBUTES}`;

export const clearedCookie = `${NAME}=; Max-Age=0; ${ATTRIBUTES}`;

type Header = (name: string) => string | undefined;

/** The refresh token of the cookie; undefined when there is none. A doubled one is nobody's. */
export function cookieToken(header: Header): Secret | undefined {
  const values = (header('cookie') ?? '')
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${NAME}=`))
    .map((pair) => pair.slice(NAME.length + 1));
  const [value = ''] = values;
  return values.length === 1 && value !== '' ? new Secret(value) : undefined;
}

/**
 * A cookie comes along with whatever any page makes a browser send. FORBIDDEN unless the request is one that only our
 * own pages can make: JSON, from our own origin by what the browser says of itself.
 */
export function checkOwnOrigin(header: Header): void {
  const site = header('sec-fetch-site');
  const type = (header('content-type') ?? '').split(';')[0]?.trim().toLowerCase();
  const ours =
    hostOf(header('origin')) === header('host')?.toLowerCase() &&
    (site === undefined || site === 'same-origin') &&
    type === 'application/json';
  if (!ours) {
    throw new NxError('FORBIDDEN', 'A cookie is taken only from our own pages');
  }
}

/** `https://a.example:8443` → `a.example:8443`; undefined for what is no origin. */
function hostOf(origin: string | undefined): string | undefined {
  return /^https?:\/\/([^/?#@]+)$/.exec((origin ?? '').toLowerCase())?.[1];
}
