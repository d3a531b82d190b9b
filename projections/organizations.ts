import type { Organization } from '../schemas/index.js';
import { type Origin, resourceProjection } from './resource.js';

export type OrganizationDoc = Organization & Origin;

export const organizations = resourceProjection({
  name: 'organizations',
  version: 1,
  category: 'organization',
  collection: 'organizations',
  indexes: ['slug'],
  change: (event) => {
    switch (event.type) {
      case 'organization.created':
      case 'organization.updated':
        return { put: event.data.organization };
      case 'organization.deleted':
        return { remove: event.data.organization_id };
      default:
        // The other facts of the stream are about other things.
        return undefined;
    }
  },
});
