import type { Workspace } from '../schemas/index.js';
import { type Origin, resourceProjection } from './resource.js';

export type WorkspaceDoc = Workspace & Origin;

export const workspaces = resourceProjection({
  name: 'workspaces',
  version: 1,
  category: 'workspace',
  collection: 'workspaces',
  indexes: ['organization_id', 'slug'],
  change: (event) => {
    switch (event.type) {
      case 'workspace.created':
      case 'workspace.updated':
        return { put: event.data.workspace };
      case 'workspace.deleted':
        return { remove: event.data.workspace_id };
      default:
        // The other facts of the stream are about other things.
        return undefined;
    }
  },
});
