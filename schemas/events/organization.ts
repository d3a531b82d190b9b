// SPDX-License-Identifier: Apache-2.0
import { closed, Slug, Timestamp, Type, Uuid } from '../common.js';
import { Organization } from '../resources/index.js';

const Changed = Type.Array(Type.String({ maxLength: 64 }), { maxItems: 64 });

/** Streams `organization-<id>`. */
export const organizationEvents = {
  'organization.created': closed({ organization: Organization }),
  'organization.updated': closed({ organization: Organization, changed: Changed }),
  'organization.deleted': closed({ organization_id: Uuid, slug: Slug, at: Timestamp }),
  'workspace_slug.reserved': closed({ workspace_id: Uuid, slug: Slug, at: Timestamp }),
  'workspace_slug.released': closed({ workspace_id: Uuid, slug: Slug, at: Timestamp }),
};

/** Reservations `slug-<slug>`: unique over all organizations. */
export const slugEvents = {
  'slug.reserved': closed({ slug: Slug, organization_id: Uuid, at: Timestamp }),
  'slug.released': closed({ slug: Slug, organization_id: Uuid, at: Timestamp }),
};
