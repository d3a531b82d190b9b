// SPDX-License-Identifier: Apache-2.0
import { timingSafeEqual } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { Context } from 'koa';
import { isUuid, Secret, sha256 } from '../kernel/index.js';
import type { Principal } from './authorize.js';
import { invalidToken } from './jwt.js';
import type { Authenticate } from './pipeline.js';

const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const [ID_LENGTH, SECRET_LENGTH, SUM_LENGTH] = [22, 43, 6];
const START = 'nxm_';
const FORM = new RegExp(`^${START}([0-9A-Za-z]{${ID_LENGTH}})_[0-9A-Za-z]{${SECRET_LENGTH + SUM_LENGTH}}$`);

function base62(bytes: Buffer, length: number): string {
  let text = '';
  for (let rest = BigInt(`0x${bytes.toString('hex')}`); rest > 0n; rest /= 62n) {
    text = (DIGITS[Number(rest % 62n)] ?? '') + text;
  }
  return text.padStart(length, '0');
}

function uuidOf(text: string): string {
  const value = Array.from(text).reduce((sum, digit) => sum * 62n + BigInt(DIGITS.indexOf(digit)), 0n);
  const hex = value.toString(16).padStart(32, '0');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

function checksum(text: string): string {
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(text));
  return base62(sum, SUM_LENGTH);
}

/** `nxm_<id>_<secret><checksum>`: what finds leaked secrets can tell a key of ours from anything that looks like one. */
export function apiKeyText(id: string, secret: Secret<Buffer>): Secret {
  const text = `${apiKeyPrefix(id)}_${base62(secret.reveal(), SECRET_LENGTH)}`;
  return new Secret(text + checksum(text));
}

export const apiKeyPrefix = (id: string): string =>
  START + base62(Buffer.from(id.replaceAll('-', ''), 'hex'), ID_LENGTH);

/** The id that a key names and the hash to know it by; undefined for what is no key of ours. */
export function readApiKey(text: string): { readonly id: string; readonly sha256: string } | undefined {
  const [, name] = FORM.exec(text) ?? [];
  if (name === undefined || checksum(text.slice(0, -SUM_LENGTH)) !== text.slice(-SUM_LENGTH)) {
    return undefined;
  }
  const id = uuidOf(name);
  return isUuid(id) ? { id, sha256: sha256(text) } : undefined;
}

export const sameDigest = (a: string, b: string): boolean =>
  timingSafeEqual(Buffer.from(a, 'hex'), Buffer.from(b, 'hex'));

/** Who may come in with this key; undefined when nobody may. */
export type LoadKeyPrincipal = (id: string, sha256: string) => Promise<Principal | undefined>;

/**
 * API keys in `X-API-Key` or as a bearer token; every other credential goes to `others`. Two credentials in one request
 * are none. Every fault is the same UNAUTHORIZED.
 */
export function keyAuthenticator(load: LoadKeyPrincipal, others: Authenticate): Authenticate {
  return async (ctx) => {
    const text = keyOf(ctx);
    if (text === undefined) {
      return others(ctx);
    }
    const key =
      ctx.req.headers.authorization !== undefined && ctx.req.headers['x-api-key'] !== undefined
        ? undefined
        : readApiKey(text);
    const principal = key && (await load(key.id, key.sha256));
    if (!principal) {
      throw invalidToken();
    }
    return principal;
  };
}

function keyOf({ req }: Context): string | undefined {
  const own = req.headers['x-api-key'];
  const bearer = /^bearer (nxm_\S*)$/i.exec(req.headers.authorization ?? '')?.[1];
  return own === undefined ? bearer : String(own);
}
