// SPDX-License-Identifier: Apache-2.0
import { Buffer } from 'node:buffer';

const PREFIX = 'nxmesh_agent_';
const UUID_BYTES = 16;
const SECRET_BYTES = 32;
const HASH_BYTES = 32;
const LENGTH = UUID_BYTES + SECRET_BYTES + HASH_BYTES;

/** What a registration token holds: who it is for, its secret, and which authority the agent must find. */
export interface RegistrationToken {
  readonly agentId: string;
  readonly secret: Buffer;
  /** SHA-256 of the authority's certificate (DER), in hexadecimal: the agent pins the gateway by it. */
  readonly caSha256: string;
}

/** The text that an operator gives to an agent. `secret` has 32 bytes, `caSha256` is hexadecimal. */
export function makeToken(agentId: string, secret: Buffer, caSha256: string): string {
  const bytes = Buffer.concat([
    Buffer.from(agentId.replaceAll('-', ''), 'hex'),
    secret,
    Buffer.from(caSha256, 'hex'),
  ]);
  if (secret.length !== SECRET_BYTES || bytes.length !== LENGTH) {
    throw new TypeError('a token takes a UUID, a secret of 32 bytes and a SHA-256');
  }
  return PREFIX + bytes.toString('base64url');
}

/** Undefined for anything but the one spelling that `makeToken` gives. */
export function parseToken(text: string): RegistrationToken | undefined {
  if (!text.startsWith(PREFIX) || text.length > 256) {
    return undefined;
  }
  const encoded = text.slice(PREFIX.length);
  const bytes = Buffer.from(encoded, 'base64url');
  if (bytes.length !== LENGTH || bytes.toString('base64url') !== encoded) {
    return undefined;
  }
  const hex = bytes.toString('hex', 0, UUID_BYTES);
  return {
    agentId: hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'),
    secret: bytes.subarray(UUID_BYTES, UUID_BYTES + SECRET_BYTES),
    caSha256: bytes.toString('hex', UUID_BYTES + SECRET_BYTES),
  };
}
