// SPDX-License-Identifier: Apache-2.0
/**
 * The desired-config workflow: reads `workspace-` events, appends versions to `config-<workspace>`.
 *
 * Its own stream is its memory: the last version says up to which revision of the workspace it takes everything in, so
 * a restart, a second copy or a lost checkpoint publish nothing twice. Event ids follow from the content and the place
 * in the stream; of two copies that race, one gets `VersionConflict`, reads what the other published and plans anew.
 * Bursts are coalesced by position: a version is published when the subscription has caught up, or when it holds
 * `MAX_CAUSES` events, or as much as the log takes at once. It is extended, never rebuilt.
 */
import { type ConfigState, evolveConfig, initialConfig } from '../../domain/index.js';
import { AppendTooLarge, type EventLog, VersionConflict } from '../../event-log/index.js';
import {
  type Clock,
  digestOf,
  idOf,
  type Position,
  sha256,
  streams,
  timestamp,
  uuidv5,
} from '../../kernel/index.js';
import type { ConfigEvent, ConfigFact, ConfigKind, NewEvent, WorkspaceEvent } from '../../schemas/index.js';
import { schemaVersion } from '../../schemas/index.js';
import { gather, halves, nothing, type Pending } from './pending.js';
import { planVersion } from './plan.js';

export interface WorkflowDeps {
  readonly log: EventLog;
  readonly clock: Clock;
  /** Told of a change that is in no version, because none of it alone is small enough for the log. */
  readonly refused?: (change: Refused) => void;
}

export interface Refused {
  readonly workspaceId: string;
  readonly resources: readonly { readonly kind: ConfigKind; readonly id: string }[];
  readonly error: AppendTooLarge;
}

const MAX_CAUSES = 500;
/** What a cause takes in a version. */
const CAUSE_BYTES = 1_024;
const CACHED_WORKSPACES = 256;

interface Known {
  state: ConfigState;
  /** Revision of the last event of `config-<workspace>`; -1 when there is none. */
  revision: bigint;
  pending: Pending;
  last: WorkspaceEvent | undefined;
}

export interface DesiredConfig {
  /** Takes events in order; publishes what is full. */
  take(event: WorkspaceEvent): Promise<void>;
  /** Whether anything was taken in that is in no version yet. */
  waits(): boolean;
  /** Publishes all that waits. */
  settle(): Promise<void>;
}

export function desiredConfig({ log, clock, refused }: WorkflowDeps): DesiredConfig {
  const known = new Map<string, Known>();
  const dirty = new Set<string>();
  // Half of it: a version says more of a change than its event does.
  const most = (log.maxAppendBytes ?? Number.POSITIVE_INFINITY) / 2;
  const bytesOf = ({ data }: WorkspaceEvent): number =>
    log.maxAppendBytes === undefined ? 0 : Buffer.byteLength(JSON.stringify(data)) + CAUSE_BYTES;

  async function knownOf(workspaceId: string): Promise<Known> {
    const found = known.get(workspaceId);
    if (found) {
      return found;
    }
    const fresh = { ...(await loadConfig(log, workspaceId)), pending: nothing(), last: undefined };
    known.set(workspaceId, fresh);
    return fresh;
  }

  async function publish(workspaceId: string): Promise<void> {
    const one = await knownOf(workspaceId);
    dirty.delete(workspaceId);
    try {
      await publishAll(workspaceId, one, one.pending);
    } catch (error) {
      dirty.add(workspaceId);
      throw error;
    }
    one.pending = nothing();
  }

  async function publishAll(workspaceId: string, one: Known, pending: Pending): Promise<void> {
    for (;;) {
      const facts = planVersion(workspaceId, one.state, pending);
      if (facts.length === 0) {
        return;
      }
      const events = toEvents(workspaceId, facts, { ...one, pending }, clock);
      try {
        const { revision } = await log.append(
          streams.config(workspaceId),
          one.revision < 0n ? 'none' : one.revision,
          events,
        );
        one.revision = revision;
        return;
      } catch (error) {
        // The state was folded on to what is not in the log.
        Object.assign(one, await loadConfig(log, workspaceId));
        if (one.pending.revision <= one.state.sourceRevision) {
          // Another copy has published all of it, and maybe newer: ours would take resources back to how they were.
          return;
        }
        if (error instanceof AppendTooLarge) {
          return publishInTwo(workspaceId, one, pending, error);
        }
        if (!(error instanceof VersionConflict)) {
          throw error;
        }
      }
    }
  }

  /** One change that is too large must not hold up all that come after it, here and in other workspaces. */
  async function publishInTwo(workspaceId: string, one: Known, pending: Pending, error: AppendTooLarge) {
    const split = halves(pending, one.state.sourceRevision);
    if (!split) {
      const resources = [...pending.upserts.values(), ...pending.removes.values()];
      refused?.({ workspaceId, resources: resources.map(({ kind, id }) => ({ kind, id })), error });
      return;
    }
    await publishAll(workspaceId, one, split.first);
    await publishAll(workspaceId, one, split.second);
  }

  return {
    take: async (event) => {
      const workspaceId = idOf(event.stream);
      const one = await knownOf(workspaceId);
      if (event.revision <= one.state.sourceRevision || event.revision <= one.pending.revision) {
        return;
      }
      const bytes = bytesOf(event);
      if (one.pending.bytes > 0 && one.pending.bytes + bytes > most) {
        await publish(workspaceId);
        if (event.revision <= one.state.sourceRevision) {
          // Another copy has come further.
          return;
        }
      }
      gather(one.pending, event);
      one.pending.bytes += bytes;
      one.last = event;
      dirty.add(workspaceId);
      if (one.pending.causes.length >= MAX_CAUSES) {
        await publish(workspaceId);
      }
    },
    waits: () => dirty.size > 0,
    settle: async () => {
      for (const workspaceId of Array.from(dirty)) {
        await publish(workspaceId);
      }
      for (const [workspaceId] of known) {
        if (known.size <= CACHED_WORKSPACES) {
          break;
        }
        known.delete(workspaceId);
      }
    },
  };
}

async function loadConfig(log: EventLog, workspaceId: string): Promise<Pick<Known, 'state' | 'revision'>> {
  const state = initialConfig();
  let revision = -1n;
  for await (const event of log.read(streams.config(workspaceId))) {
    evolveConfig(state, event as ConfigEvent);
    revision = event.revision;
  }
  return { state, revision };
}

function toEvents(workspaceId: string, facts: readonly ConfigFact[], one: Known, clock: Clock): NewEvent[] {
  const cause = one.last?.meta;
  const commandId = uuidv5('desired-config', workspaceId, one.pending.revision);
  return facts.map((fact, index) => ({
    ...fact,
    id: uuidv5('config', workspaceId, one.revision + BigInt(index + 1), sha256(JSON.stringify(fact.data))),
    meta: {
      command_id: commandId,
      command_digest: digestOf([workspaceId, String(one.pending.revision)]),
      correlation_id: cause?.correlation_id ?? commandId,
      causation_id: one.last?.id ?? commandId,
      actor: 'workflow:desired-config',
      ...(cause?.organization_id === undefined ? {} : { organization_id: cause.organization_id }),
      workspace_id: workspaceId,
      schema_version: String(schemaVersion(fact.type)),
      recorded_at: timestamp(clock.now()),
    },
  }));
}

/** Follows the log until the signal aborts; `checkpoint` may lag or be lost, it only shortens the way after a restart. */
export async function runDesiredConfig(
  deps: WorkflowDeps & {
    readonly checkpoint: { load(): Promise<Position>; save(position: Position): Promise<void> };
    /**
     * A rest before what was taken in becomes a version, so that the changes of a burst that come meanwhile go into
     * the next one together.
     */
    readonly rested?: (position: Position) => Promise<void>;
  },
  signal: AbortSignal,
): Promise<void> {
  const workflow = desiredConfig(deps);
  const after = await deps.checkpoint.load();
  for await (const delivery of deps.log.subscribe({ after, categories: ['workspace'], signal })) {
    if (delivery.kind === 'event') {
      await workflow.take(delivery.event as WorkspaceEvent);
    } else {
      if (workflow.waits()) {
        await deps.rested?.(delivery.position);
        await workflow.settle();
      }
      await deps.checkpoint.save(delivery.position);
    }
  }
}
