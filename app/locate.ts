// SPDX-License-Identifier: Apache-2.0
import type { Locate } from '../commands/index.js';
import type { Reader } from '../projections/index.js';

/** Where a resource belongs, or belonged, from the read models. */
export function locator(reader: Reader): Locate {
  return async (kind, id) => {
    const place = await reader.get('places', id);
    if (place?.kind !== kind) {
      return undefined;
    }
    const workspace = kind === 'workspace' ? place : await reader.get('places', place.parent);
    return workspace && { workspaceId: workspace.id, organizationId: workspace.parent };
  };
}

/** The organization of a workspace that is there. */
export const organizationOf =
  ({ reader }: { readonly reader: Reader }) =>
  async (workspaceId: string): Promise<string | undefined> =>
    (await reader.get('workspaces', workspaceId))?.organization_id;
