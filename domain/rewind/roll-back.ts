// SPDX-License-Identifier: Apache-2.0
import type { ConfigState } from '../config/state.js';
import type { WorkspaceState } from '../workspace/state.js';
import { type Change, currentOf, type Kind } from './change.js';
import { fieldsBetween } from './undo.js';

/** A workspace's resources as they were. */
export type Target = Pick<ConfigState, 'agents' | 'upstreams' | 'virtualHosts' | 'certificates'>;

/**
 * From what stands to what stood. Agents that joined or left since stay as they are, the others get their labels back.
 * Certificates stay as they are: deleting one destroys its key. One that is gone by now cannot be had back, which is a
 * refusal where a host needs it.
 */
export function changesBackTo(target: Target, state: WorkspaceState): Change[] {
  const back = (kind: Kind, then: ReadonlyMap<string, object>, now: Iterable<string>): Change[] => {
    const gone = [...now].filter((id) => !then.has(id));
    return [
      ...gone.map((id): Change => ({ kind, id, expect: {}, remove: true })),
      ...[...then].flatMap(([id, resource]): Change[] => {
        const current = currentOf(state, kind, id);
        if (!current) {
          return [{ kind, id, put: resource }];
        }
        const fields = fieldsBetween(current, { ...current, ...resource });
        const set = Object.fromEntries(Object.entries(resource).filter(([field]) => fields.includes(field)));
        return fields.length === 0 ? [] : [{ kind, id, expect: {}, set }];
      }),
    ];
  };
  const needed = new Set([...target.virtualHosts.values()].map((host) => host.ssl_certificate_id));
  const lost = [...target.certificates].filter(([id]) => needed.has(id) && !state.certificates.has(id));
  const still = new Map([...target.agents].filter(([id]) => state.agents.has(id)));
  return [
    ...back('agent', still, []),
    ...back('certificate', new Map(lost), []),
    ...back('upstream', target.upstreams, state.upstreams.keys()),
    ...back('virtual_host', target.virtualHosts, state.virtualHosts.keys()),
  ];
}
