// SPDX-License-Identifier: Apache-2.0
import { closed, nullable, oneOf, Sha256, type Static, Timestamp, Type, Uuid } from '../common.js';

/** A name that a certificate is for: lower case, `*.` for all names one level below. */
export const CertificateDomain = Type.String({
  minLength: 1,
  maxLength: 253,
  pattern: '^(\\*\\.)?[a-z0-9_-]+(\\.[a-z0-9_-]+)*$',
});

/** A certificate without its key. The bytes of the key are in the vault; `fingerprint` names what is served. */
export const Certificate = closed({
  id: Uuid,
  workspace_id: Uuid,
  domain: CertificateDomain,
  /** Every DNS name and address that the certificate is good for. */
  names: Type.Array(Type.String({ minLength: 1, maxLength: 253 }), { maxItems: 256 }),
  is_wildcard: Type.Boolean(),
  provider: oneOf('letsencrypt', 'custom'),
  status: oneOf('pending', 'active', 'expired', 'failed'),
  fingerprint: nullable(Sha256),
  issued_at: nullable(Timestamp),
  expires_at: nullable(Timestamp),
  auto_renew: Type.Boolean(),
  created_at: Timestamp,
  updated_at: Timestamp,
});
export type Certificate = Static<typeof Certificate>;
