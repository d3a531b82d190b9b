// SPDX-License-Identifier: Apache-2.0
import { Secret } from '../../kernel/index.js';

const PREFIX = 'nxi_';
const ID_BYTES = 16;
const SECRET_BYTES = 32;
const FORM = /^nxi_[A-Za-z0-9_-]{86}$/;

export interface InvitationToken {
  readonly organizationId: string;
  readonly invitationId: string;
  readonly secret: Buffer;
}

const bytesOf = (uuid: string): Buffer => Buffer.from(uuid.replaceAll('-', ''), 'hex');

const uuidOf = (bytes: Buffer): string =>
  bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');

/** What the link of an invitation carries: where it is, and the secret that only its hash is kept of. */
export const writeToken = (organizationId: string, invitationId: string, secret: Secret<Buffer>): Secret =>
  new Secret(
    PREFIX +
      Buffer.concat([bytesOf(organizationId), bytesOf(invitationId), secret.reveal()]).toString('base64url'),
  );

/** Undefined for a text that is none. */
export function readToken(text: string): InvitationToken | undefined {
  if (!FORM.test(text)) {
    return undefined;
  }
  const bytes = Buffer.from(text.slice(PREFIX.length), 'base64url');
  const ids = 2 * ID_BYTES;
  return {
    organizationId: uuidOf(bytes.subarray(0, ID_BYTES)),
    invitationId: uuidOf(bytes.subarray(ID_BYTES, ids)),
    secret: bytes.subarray(ids, ids + SECRET_BYTES),
  };
}
