// SPDX-License-Identifier: Apache-2.0
import { conflict, detail, never } from '../../kernel/index.js';
import type { WorkspaceFact } from '../../schemas/index.js';
import { type Kind, type Resource, titleOf } from './change.js';

export function created(one: Resource): WorkspaceFact {
  switch (one.kind) {
    case 'upstream':
      return { type: 'upstream.created', data: { upstream: one.resource } };
    case 'virtual_host':
      return { type: 'virtual_host.created', data: { virtual_host: one.resource } };
    case 'certificate':
      throw conflict('The key of a deleted certificate is destroyed', [
        detail('id', 'KEY_DESTROYED', titleOf(one.kind, one.resource, one.resource.id)),
      ]);
    case 'agent':
      throw conflict('An agent joins with a token only', [
        detail('id', 'NOT_ENROLLED', titleOf(one.kind, one.resource, one.resource.id)),
      ]);
    default:
      return never(one, 'kind of resource');
  }
}

export function updated(one: Resource, changed: string[]): WorkspaceFact {
  switch (one.kind) {
    case 'agent':
      return { type: 'agent.updated', data: { agent: one.resource, changed } };
    case 'upstream':
      return { type: 'upstream.updated', data: { upstream: one.resource, changed } };
    case 'virtual_host':
      return { type: 'virtual_host.updated', data: { virtual_host: one.resource, changed } };
    case 'certificate':
      throw conflict('What a certificate says cannot be changed back', [
        detail('id', 'KEY_DESTROYED', titleOf(one.kind, one.resource, one.resource.id)),
      ]);
    default:
      return never(one, 'kind of resource');
  }
}

export function removed(kind: Kind, id: string, name: string, at: string): WorkspaceFact {
  switch (kind) {
    case 'upstream':
      return { type: 'upstream.deleted', data: { upstream_id: id, name, at } };
    case 'virtual_host':
      return { type: 'virtual_host.deleted', data: { virtual_host_id: id, name, at } };
    case 'certificate':
      return { type: 'certificate.deleted', data: { certificate_id: id, domain: name, at } };
    case 'agent':
      return { type: 'agent.removed', data: { agent_id: id, name, at } };
    default:
      return never(kind, 'kind of resource');
  }
}
