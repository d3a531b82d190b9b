// SPDX-License-Identifier: Apache-2.0
import { Secret } from '../../kernel/index.js';
import { SettingsError } from '../settings.js';

/** What a registration token says: for which agent it is, and which authority the gateway must have. */
export interface Token {
  readonly agentId: string;
  /** SHA-256 of the authority's certificate (DER), 64 lower-case hexadecimal digits. */
  readonly authoritySha256: string;
  /** The whole token, as it is sent. */
  readonly text: Secret;
}

const PREFIX = 'nxmesh_agent_';
/** Agent id, secret, hash of the authority. */
const BYTES = 16 + 32 + 32;

/** Throws SettingsError on anything but the one spelling that the control plane gives out; the message holds none of it. */
export function parseToken(text: string): Token {
  const encoded = text.slice(PREFIX.length);
  const bytes = Buffer.from(encoded, 'base64url');
  if (!text.startsWith(PREFIX) || bytes.length !== BYTES || bytes.toString('base64url') !== encoded) {
    throw new SettingsError(`the token is not whole; it begins with ${PREFIX} and has 120 characters`);
  }
  const hex = bytes.toString('hex', 0, 16);
  const agentId = [
    hex.slice(0, 8),
    hex.slice(8, 12),
    hex.slice(12, 16),
    hex.slice(16, 20),
    hex.slice(20),
  ].join('-');
  return { agentId, authoritySha256: bytes.toString('hex', 48), text: new Secret(text) };
}
