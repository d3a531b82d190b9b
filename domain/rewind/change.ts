// SPDX-License-Identifier: Apache-2.0
import { never } from '../../kernel/index.js';
import type { Certificate, EnrolledAgent, Upstream, VirtualHost } from '../../schemas/index.js';
import type { WorkspaceState } from '../workspace/state.js';

/** What stands of each kind that can be brought back to how it was. */
export type Resource =
  | { readonly kind: 'agent'; readonly resource: EnrolledAgent }
  | { readonly kind: 'certificate'; readonly resource: Certificate }
  | { readonly kind: 'upstream'; readonly resource: Upstream }
  | { readonly kind: 'virtual_host'; readonly resource: VirtualHost };
export type Kind = Resource['kind'];

export type Members = Readonly<Record<string, unknown>>;

/** `expect` is what must still stand: whoever planned the change saw it. */
export type Change =
  | { readonly kind: Kind; readonly id: string; readonly expect: Members; readonly set: Members }
  | { readonly kind: Kind; readonly id: string; readonly expect: Members; readonly remove: true }
  | { readonly kind: Kind; readonly id: string; readonly put: object };

export function currentOf(state: WorkspaceState, kind: Kind, id: string): object | undefined {
  switch (kind) {
    case 'agent':
      return state.agents.get(id)?.agent;
    case 'certificate':
      return state.certificates.get(id);
    case 'upstream':
      return state.upstreams.get(id);
    case 'virtual_host':
      return state.virtualHosts.get(id);
    default:
      return never(kind, 'kind of resource');
  }
}

export const nameOf = (resource: object | undefined): string => {
  const { name, domain } = (resource ?? {}) as { name?: string; domain?: string };
  return name ?? domain ?? '';
};

export const titleOf = (kind: Kind, resource: object | undefined, id: string): string =>
  `${kind.replace('_', ' ')} ${nameOf(resource)} (${id})`;
