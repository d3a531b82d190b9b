import type { Locate } from '../commands/index.js';
import type { Reader } from '../projections/index.js';

/** Where a resource belongs, from the read models. */
export function locator(reader: Reader): Locate {
  async function workspaceOf(kind: Parameters<Locate>[0], id: string): Promise<string | undefined> {
    switch (kind) {
      case 'workspace':
        return id;
      case 'agent':
        return (await reader.get('agents', id))?.workspace_id;
      case 'upstream':
        return (await reader.get('upstreams', id))?.workspace_id;
      case 'certificate':
        return (await reader.get('certificates', id))?.workspace_id;
      default:
        return (await reader.get('virtual_hosts', id))?.workspace_id;
    }
  }
  return async (kind, id) => {
    const workspaceId = await workspaceOf(kind, id);
    const workspace = workspaceId === undefined ? undefined : await reader.get('workspaces', workspaceId);
    return workspace && { workspaceId: workspace.id, organizationId: workspace.organization_id };
  };
}
