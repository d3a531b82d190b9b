// SPDX-License-Identifier: Apache-2.0
import type { Certificate, Issuance, IssuanceStep } from '../schemas/index.js';
import { type Origin, resourceProjection } from './resource.js';

/** `issuance` of those that are issued; an upload has none. */
export type CertificateDoc = Certificate & Origin & { readonly issuance?: Issuance };

const stepped =
  (step: IssuanceStep) =>
  ({
    certificate,
    reason = null,
  }: {
    readonly certificate: Certificate;
    readonly reason?: string | null;
  }) => ({
    put: { ...certificate, issuance: { step, reason } },
  });

export const certificates = resourceProjection({
  name: 'certificates',
  version: 1,
  category: 'workspace',
  collection: 'certificates',
  indexes: ['workspace_id,domain'],
  on: {
    'certificate.uploaded': ({ certificate }) => ({ put: certificate }),
    'certificate.requested': stepped('requested'),
    'certificate.order_created': stepped('order_created'),
    'certificate.challenge_ready': stepped('challenge_ready'),
    'certificate.issued': stepped('issued'),
    'certificate.failed': stepped('failed'),
    'certificate.renewal_due': stepped('renewal_due'),
    'certificate.deleted': ({ certificate_id }) => ({ remove: certificate_id }),
  },
});
