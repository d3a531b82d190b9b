// SPDX-License-Identifier: Apache-2.0
import { askedBy } from '../../domain/index.js';
import type { ConfigCause, ConfigKind, ConfigUpsert, WorkspaceEvent } from '../../schemas/index.js';

/** What events of a workspace ask of its next version: each resource as it stands now, or that it is gone. */
export interface Pending {
  readonly upserts: Map<string, ConfigUpsert>;
  readonly removes: Map<string, { kind: ConfigKind; id: string }>;
  readonly causes: ConfigCause[];
  /** Revision of the newest event taken in. */
  revision: bigint;
  /** About what it takes; counted only where that is bounded. */
  bytes: number;
}

export const nothing = (): Pending => ({
  upserts: new Map(),
  removes: new Map(),
  causes: [],
  revision: -1n,
  bytes: 0,
});

/** Takes one event of a workspace in. Events that no configuration depends on only move the revision. */
export function gather(pending: Pending, event: WorkspaceEvent): void {
  pending.revision = event.revision;
  const asked = askedBy(event);
  if (!asked) {
    return;
  }
  const { kind, id } = 'upsert' in asked ? asked.upsert : asked.remove;
  const key = `${kind} ${id}`;
  pending.upserts.delete(key);
  pending.removes.delete(key);
  if ('upsert' in asked) {
    pending.upserts.set(key, asked.upsert);
  } else {
    pending.removes.set(key, asked.remove);
  }
  pending.causes.push({
    event_id: event.id,
    type: event.type,
    revision: String(event.revision),
    actor: event.meta.actor,
    command_id: event.meta.command_id,
    correlation_id: event.meta.correlation_id,
    recorded_at: event.meta.recorded_at,
    resource_kind: kind,
    resource_id: id,
    resource_name: asked.name,
    changed: 'changed' in event.data ? [...event.data.changed] : [],
  });
}
