// SPDX-License-Identifier: Apache-2.0
import type { Organization } from '../schemas/index.js';
import { type Origin, resourceProjection } from './resource.js';

export type OrganizationDoc = Organization & Origin;

export const organizations = resourceProjection({
  name: 'organizations',
  version: 1,
  category: 'organization',
  collection: 'organizations',
  indexes: ['slug'],
  on: {
    'organization.created': ({ organization }) => ({ put: organization }),
    'organization.updated': ({ organization }) => ({ put: organization }),
    'organization.deleted': ({ organization_id }) => ({ remove: organization_id }),
  },
});
