// SPDX-License-Identifier: Apache-2.0
import { closed, nullable, oneOf, Sha256, type Static, Timestamp, Type, Uuid, Words } from '../common.js';

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

/**
 * Where issuing a certificate stands, in the steps of ACME (RFC 8555). An issuer goes on from any of them; what was
 * issued before is served until the next is there.
 */
export const ISSUANCE_STEPS = [
  'requested',
  'order_created',
  'challenge_ready',
  'issued',
  'failed',
  'renewal_due',
] as const;
export type IssuanceStep = (typeof ISSUANCE_STEPS)[number];

/** Of a certificate that is issued, not uploaded; `reason` is why it failed. */
export interface Issuance {
  readonly step: IssuanceStep;
  readonly reason: string | null;
}

/** A certificate as answers have it. */
export const CertificateAnswer = closed({
  ...Certificate.properties,
  /** Null for what was uploaded. */
  issuance: nullable(oneOf(...ISSUANCE_STEPS)),
  /** Why the status is what it is, in words for people. */
  status_detail: nullable(Words),
});
export type CertificateAnswer = Static<typeof CertificateAnswer>;

const STEP_IN_WORDS: Readonly<Record<IssuanceStep, string | null>> = {
  requested:
    'The request is accepted and kept. NxMesh does not issue certificates yet: it stays pending until NxMesh does, or until it is deleted',
  order_created: 'Ordered from the authority',
  challenge_ready: 'The authority has been asked to check the domain',
  issued: null,
  failed: 'Issuing failed',
  renewal_due: 'The next one is to be issued; this one is served until then',
};

/** What answers say of a certificate beside the resource itself. */
export const issuanceInAnswer = (
  issuance: Issuance | undefined,
): Pick<CertificateAnswer, 'issuance' | 'status_detail'> => ({
  issuance: issuance?.step ?? null,
  status_detail: issuance ? (issuance.reason ?? STEP_IN_WORDS[issuance.step]) : null,
});
