// SPDX-License-Identifier: Apache-2.0
import type { Workspace } from '../schemas/index.js';
import { type Origin, resourceProjection } from './resource.js';

export type WorkspaceDoc = Workspace & Origin;

export const workspaces = resourceProjection({
  name: 'workspaces',
  version: 1,
  category: 'workspace',
  collection: 'workspaces',
  indexes: ['organization_id,slug'],
  on: {
    'workspace.created': ({ workspace }) => ({ put: workspace }),
    'workspace.updated': ({ workspace }) => ({ put: workspace }),
    'workspace.deleted': ({ workspace_id }) => ({ remove: workspace_id }),
  },
});
