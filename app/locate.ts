// SPDX-License-Identifier: Apache-2.0
import type { Locate } from '../commands/index.js';
import type { Reader } from '../projections/index.js';

/** Where a resource belongs, or belonged, from the read models. */
export function locator(reader: Reader): Locate {
  return async (kind, id) => {
    const place = await reader.get('places', id);
    // What is not there costs the same reads as what is another's.
    const parent = kind === 'workspace' ? place : await reader.get('places', place?.parent ?? id);
    return place?.kind === kind && parent
      ? { workspaceId: parent.id, organizationId: parent.parent }
      : undefined;
  };
}
