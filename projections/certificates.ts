// SPDX-License-Identifier: Apache-2.0
import type { Certificate } from '../schemas/index.js';
import { type Origin, resourceProjection } from './resource.js';

export type CertificateDoc = Certificate & Origin;

export const certificates = resourceProjection({
  name: 'certificates',
  version: 1,
  category: 'workspace',
  collection: 'certificates',
  indexes: ['workspace_id', 'domain'],
  on: {
    'certificate.uploaded': ({ certificate }) => ({ put: certificate }),
    'certificate.deleted': ({ certificate_id }) => ({ remove: certificate_id }),
  },
});
