// SPDX-License-Identifier: Apache-2.0
import { never } from '../../kernel/index.js';
import type { ConfigKind, ConfigUpsert, WorkspaceFact } from '../../schemas/index.js';

/** What one fact of a workspace asks of its configuration: a resource as it stands now, or that it is gone. */
export type Asked =
  | { readonly upsert: ConfigUpsert; readonly name: string }
  | { readonly remove: { readonly kind: ConfigKind; readonly id: string }; readonly name: string };

/** Undefined for facts that no configuration depends on. */
export function askedBy(fact: WorkspaceFact): Asked | undefined {
  switch (fact.type) {
    case 'workspace.created':
    case 'workspace.updated':
    case 'workspace.deleted':
    case 'agent.registered':
      return undefined;
    case 'agent.enrolled':
    case 'agent.updated': {
      const { id, name, labels } = fact.data.agent;
      return { upsert: { kind: 'agent', id, resource: { labels } }, name };
    }
    case 'agent.removed':
      return gone('agent', fact.data.agent_id, fact.data.name ?? '');
    case 'upstream.created':
    case 'upstream.updated': {
      const resource = fact.data.upstream;
      return { upsert: { kind: 'upstream', id: resource.id, resource }, name: resource.name };
    }
    case 'upstream.deleted':
      return gone('upstream', fact.data.upstream_id, fact.data.name);
    case 'virtual_host.created':
    case 'virtual_host.updated': {
      const resource = fact.data.virtual_host;
      return { upsert: { kind: 'virtual_host', id: resource.id, resource }, name: resource.name };
    }
    case 'virtual_host.deleted':
      return gone('virtual_host', fact.data.virtual_host_id, fact.data.name);
    // What is not issued yet serves nobody; what is being renewed goes on as it is.
    case 'certificate.requested':
    case 'certificate.order_created':
    case 'certificate.challenge_ready':
    case 'certificate.failed':
    case 'certificate.renewal_due':
      return undefined;
    case 'certificate.uploaded':
    case 'certificate.issued': {
      const resource = fact.data.certificate;
      return { upsert: { kind: 'certificate', id: resource.id, resource }, name: resource.domain };
    }
    case 'certificate.deleted':
      return gone('certificate', fact.data.certificate_id, fact.data.domain);
    default:
      return never(fact, 'fact of a workspace');
  }
}

const gone = (kind: ConfigKind, id: string, name: string): Asked => ({ remove: { kind, id }, name });
