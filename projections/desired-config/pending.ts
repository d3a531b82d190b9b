// SPDX-License-Identifier: Apache-2.0
import { never } from '../../kernel/index.js';
import type { ConfigCause, ConfigKind, ConfigUpsert, WorkspaceEvent } from '../../schemas/index.js';

/** What events of a workspace ask of its next version: each resource as it stands now, or that it is gone. */
export interface Pending {
  readonly upserts: Map<string, ConfigUpsert>;
  readonly removes: Map<string, { kind: ConfigKind; id: string }>;
  readonly causes: ConfigCause[];
  /** Revision of the newest event taken in. */
  revision: bigint;
}

export const nothing = (): Pending => ({ upserts: new Map(), removes: new Map(), causes: [], revision: -1n });

/** Takes one event of a workspace in. Events that no configuration depends on only move the revision. */
export function gather(pending: Pending, event: WorkspaceEvent): void {
  pending.revision = event.revision;
  switch (event.type) {
    case 'workspace.created':
    case 'workspace.updated':
    case 'workspace.deleted':
    case 'agent.registered':
      return;
    case 'agent.enrolled':
    case 'agent.updated': {
      const { id, name, labels } = event.data.agent;
      put(pending, event, { kind: 'agent', id, resource: { labels } }, name, changedBy(event));
      return;
    }
    case 'agent.removed':
      remove(pending, event, 'agent', event.data.agent_id, event.data.name ?? '');
      return;
    case 'upstream.created':
    case 'upstream.updated': {
      const resource = event.data.upstream;
      put(pending, event, { kind: 'upstream', id: resource.id, resource }, resource.name, changedBy(event));
      return;
    }
    case 'upstream.deleted':
      remove(pending, event, 'upstream', event.data.upstream_id, event.data.name);
      return;
    case 'virtual_host.created':
    case 'virtual_host.updated': {
      const resource = event.data.virtual_host;
      put(
        pending,
        event,
        { kind: 'virtual_host', id: resource.id, resource },
        resource.name,
        changedBy(event),
      );
      return;
    }
    case 'virtual_host.deleted':
      remove(pending, event, 'virtual_host', event.data.virtual_host_id, event.data.name);
      return;
    // What is not issued yet serves nobody; what is being renewed goes on as it is.
    case 'certificate.requested':
    case 'certificate.order_created':
    case 'certificate.challenge_ready':
    case 'certificate.failed':
    case 'certificate.renewal_due':
      return;
    case 'certificate.uploaded':
    case 'certificate.issued': {
      const resource = event.data.certificate;
      put(pending, event, { kind: 'certificate', id: resource.id, resource }, resource.domain, []);
      return;
    }
    case 'certificate.deleted':
      remove(pending, event, 'certificate', event.data.certificate_id, event.data.domain);
      return;
    default:
      never(event, 'event of a workspace');
  }
}

const changedBy = (event: WorkspaceEvent): readonly string[] =>
  'changed' in event.data ? event.data.changed : [];

function put(
  pending: Pending,
  event: WorkspaceEvent,
  upsert: ConfigUpsert,
  name: string,
  changed: readonly string[],
): void {
  const key = `${upsert.kind} ${upsert.id}`;
  pending.removes.delete(key);
  pending.upserts.set(key, upsert);
  pending.causes.push(cause(event, upsert.kind, upsert.id, name, changed));
}

function remove(pending: Pending, event: WorkspaceEvent, kind: ConfigKind, id: string, name: string): void {
  const key = `${kind} ${id}`;
  pending.upserts.delete(key);
  pending.removes.set(key, { kind, id });
  pending.causes.push(cause(event, kind, id, name, []));
}

const cause = (
  event: WorkspaceEvent,
  kind: ConfigKind,
  id: string,
  name: string,
  changed: readonly string[],
): ConfigCause => ({
  event_id: event.id,
  type: event.type,
  revision: String(event.revision),
  actor: event.meta.actor,
  command_id: event.meta.command_id,
  correlation_id: event.meta.correlation_id,
  recorded_at: event.meta.recorded_at,
  resource_kind: kind,
  resource_id: id,
  resource_name: name,
  changed: [...changed],
});
