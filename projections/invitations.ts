// SPDX-License-Identifier: Apache-2.0
import type { Invitation } from '../schemas/index.js';
import { type Origin, resourceProjection } from './resource.js';

/** One that was neither accepted nor revoked. */
export type InvitationDoc = Invitation & Origin;

export const invitations = resourceProjection({
  name: 'invitations',
  version: 1,
  category: 'organization',
  collection: 'invitations',
  indexes: ['organization_id,created_at'],
  on: {
    'invitation.created': ({ invitation }) => ({ put: invitation }),
    'invitation.accepted': ({ invitation_id }) => ({ remove: invitation_id }),
    'invitation.revoked': ({ invitation_id }) => ({ remove: invitation_id }),
  },
});
