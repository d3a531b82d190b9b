// SPDX-License-Identifier: Apache-2.0
import type { Decider } from '../../kernel/index.js';
import type { OrganizationFact } from '../../schemas/index.js';
import { decide, type OrganizationCommand } from './decide.js';
import { evolve } from './evolve.js';
import { initial, type OrganizationState } from './state.js';

export type { OrganizationCommand } from './decide.js';
export type { OrganizationState } from './state.js';

/** Stream `organization-<id>`: the organization and the slugs of its workspaces. */
export const organization: Decider<OrganizationState, OrganizationCommand, OrganizationFact> = {
  initial,
  decide,
  evolve,
  subject: (fact) => {
    switch (fact.type) {
      case 'organization.created':
      case 'organization.updated':
        return fact.data.organization.id;
      case 'organization.deleted':
        return fact.data.organization_id;
      default:
        return fact.data.workspace_id;
    }
  },
};
