// SPDX-License-Identifier: Apache-2.0
import { closed, Sha256, Slug, Timestamp, Type, Uuid } from '../common.js';
import { Invitation, MemberRole, Organization, WorkspaceRole } from '../resources/index.js';

const Changed = Type.Array(Type.String({ maxLength: 64 }), { maxItems: 64 });

/** Streams `organization-<id>`. */
export const organizationEvents = {
  'organization.created': closed({ organization: Organization }),
  'organization.updated': closed({ organization: Organization, changed: Changed }),
  'organization.deleted': closed({ organization_id: Uuid, slug: Slug, at: Timestamp }),
  'workspace_slug.reserved': closed({ workspace_id: Uuid, slug: Slug, at: Timestamp }),
  'workspace_slug.released': closed({ workspace_id: Uuid, slug: Slug, at: Timestamp }),
  'member.added': closed({ organization_id: Uuid, user_id: Uuid, role: MemberRole, at: Timestamp }),
  'member.role_changed': closed({ organization_id: Uuid, user_id: Uuid, role: MemberRole, at: Timestamp }),
  'member.removed': closed({ organization_id: Uuid, user_id: Uuid, at: Timestamp }),
  /** Narrows a member's role in one workspace. */
  'workspace_role.set': closed({ workspace_id: Uuid, user_id: Uuid, role: WorkspaceRole, at: Timestamp }),
  'workspace_role.cleared': closed({ workspace_id: Uuid, user_id: Uuid, at: Timestamp }),
  'invitation.created': closed({ invitation: Invitation, token_sha256: Sha256 }),
  'invitation.accepted': closed({ invitation_id: Uuid, user_id: Uuid, at: Timestamp }),
  'invitation.revoked': closed({ invitation_id: Uuid, at: Timestamp }),
};

/** Reservations `slug-<slug>`: unique over all organizations. */
export const slugEvents = {
  'slug.reserved': closed({ slug: Slug, organization_id: Uuid, at: Timestamp }),
  'slug.released': closed({ slug: Slug, organization_id: Uuid, at: Timestamp }),
};
