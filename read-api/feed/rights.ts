// SPDX-License-Identifier: Apache-2.0
import { authorize, type Principal } from '../../http/index.js';
import { NxError } from '../../kernel/index.js';
import type { Item } from './item.js';

/** What one principal may see; decided once for each action and place, as long as the rights stay the same. */
export type Rights = (item: Item) => boolean;

/** As many places and actions are remembered; a principal with more of them is asked anew. */
const MAX_KNOWN = 2_048;

export function rightsOf(principal: Principal): Rights {
  const known = new Map<string, boolean>();
  return (item) => {
    let may = known.get(item.rights);
    if (may === undefined) {
      may = decide(principal, item);
      if (known.size >= MAX_KNOWN) {
        known.clear();
      }
      known.set(item.rights, may);
    }
    return may;
  };
}

function decide(principal: Principal, { action, organizationId, workspaceId }: Item): boolean {
  try {
    authorize(principal, action, { organizationId, ...(workspaceId === undefined ? {} : { workspaceId }) });
    return true;
  } catch (error) {
    if (error instanceof NxError) {
      return false;
    }
    throw error;
  }
}
