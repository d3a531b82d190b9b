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

const keyOf = (kind: string, id: string): string => `${kind} ${id}`;

/** Takes one event of a workspace in. Events that no configuration depends on only move the revision. */
export function gather(pending: Pending, event: WorkspaceEvent): void {
  pending.revision = event.revision;
  const asked = askedBy(event);
  if (!asked) {
    return;
  }
  const { kind, id } = 'upsert' in asked ? asked.upsert : asked.remove;
  const key = keyOf(kind, id);
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

// What others name comes before them, and goes after them: each version of a split one can be served.
const ORDER: readonly ConfigKind[] = ['agent', 'certificate', 'upstream', 'virtual_host'];
const rank = ({ kind }: { kind: ConfigKind }): number => ORDER.indexOf(kind);

/**
 * The same in two, one after the other; undefined when it is of one resource. Nothing is passed over when only the first
 * is published: it says no more of the workspace's stream than `before`, up to which all is published already.
 */
export function halves(
  pending: Pending,
  before: bigint,
): { readonly first: Pending; readonly second: Pending } | undefined {
  const upserts = [...pending.upserts].sort(([, a], [, b]) => rank(a) - rank(b));
  const removes = [...pending.removes].sort(([, a], [, b]) => rank(b) - rank(a));
  const keys = [...upserts, ...removes].map(([key]) => key);
  if (keys.length < 2) {
    return undefined;
  }
  const part = (own: ReadonlySet<string>, revision: bigint): Pending => ({
    upserts: new Map(upserts.filter(([key]) => own.has(key))),
    removes: new Map(removes.filter(([key]) => own.has(key))),
    causes: pending.causes.filter(({ resource_kind, resource_id }) =>
      own.has(keyOf(resource_kind, resource_id)),
    ),
    revision,
    bytes: 0,
  });
  const middle = keys.length >> 1;
  return {
    first: part(new Set(keys.slice(0, middle)), before < 0n ? 0n : before),
    second: part(new Set(keys.slice(middle)), pending.revision),
  };
}
