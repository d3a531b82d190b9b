// SPDX-License-Identifier: Apache-2.0
/**
 * The story of a change: for each version what changed and who asked, and what each agent made of it. A version's
 * document is written once; what an agent did stands in a document of its own, so that a fleet does not fight for one.
 */
import { keyMatches } from '../domain/index.js';
import { never } from '../kernel/index.js';
import type { Doc, Op } from '../read-store/index.js';
import type {
  AgentStreamEvent,
  ConfigCause,
  ConfigEvent,
  ParkedHost,
  StoredEvent,
} from '../schemas/index.js';
import type { Key, Load, Projection } from './projection.js';
import { type Origin, origin } from './resource.js';

export const VERSIONS = 'versions';
export const DELIVERIES = 'deliveries';
/** What each agent does not run as desired, for the version that it runs next. */
const HELD_BACK = 'held_back';

export interface VersionDoc extends Origin {
  readonly id: string;
  readonly workspace_id: string;
  readonly number: number;
  readonly published_at: string;
  readonly source_revision: string;
  readonly causes: readonly ConfigCause[];
  /** Digest behind each selector that the version touches. */
  readonly targets: Readonly<Record<string, string>>;
  /** Agents that joined, went or got other labels with it. */
  readonly agent_ids: readonly string[];
}

interface HeldBack {
  readonly hosts: readonly ParkedHost[];
}

type Failure = Extract<AgentStreamEvent, { type: 'config.refused' }>['data']['failure'];

export interface DeliveryDoc extends Origin {
  readonly id: string;
  readonly workspace_id: string;
  readonly version_key: string;
  readonly number: number;
  readonly agent_id: string;
  /** The last that is known; `partial`: it runs, but for the hosts in `parked`. */
  readonly state: 'sent' | 'applied' | 'partial' | 'refused' | 'rolled_back';
  readonly parked: readonly ParkedHost[];
  readonly digest: string;
  readonly sent_at: string | null;
  readonly applied_at: string | null;
  readonly duration_ms: number | null;
  /** Milliseconds from the delivery to the end of each stage. */
  readonly stages: Readonly<Record<string, number>> | null;
  readonly failure: Failure | null;
}

export const versionId = (workspaceId: string, number: number): string => `${workspaceId}/${number}`;

/** Whether a version changed what stands behind one of the agent's selectors, or the agent itself. */
export const touches = (
  version: VersionDoc,
  agent: { readonly id: string; readonly labels: Readonly<Record<string, string>> },
): boolean =>
  version.agent_ids.includes(agent.id) ||
  Object.keys(version.targets).some((key) => keyMatches(key, agent.id, agent.labels));

const deliveryId = (workspaceId: string, number: number, agentId: string): string =>
  `${versionId(workspaceId, number)}/${agentId}`;

type DeliveryEvent = Extract<
  AgentStreamEvent,
  { type: 'config.sent' | 'config.applied' | 'config.refused' | 'config.rolled_back' }
>;

function isDelivery(event: StoredEvent): event is DeliveryEvent {
  return ['config.sent', 'config.applied', 'config.refused', 'config.rolled_back'].includes(event.type);
}

const numberOf = ({ data }: DeliveryEvent): number =>
  'failure' in data ? data.failure.version : data.version;

function keys(event: StoredEvent): readonly Key[] {
  if (event.type === 'config.version_published') {
    return [{ collection: VERSIONS, id: versionId(event.data.workspace_id, event.data.version) }];
  }
  if (event.type === 'config.parked') {
    return [{ collection: HELD_BACK, id: event.data.agent_id }];
  }
  if (isDelivery(event)) {
    const id = deliveryId(event.meta.workspace_id ?? '', numberOf(event), event.data.agent_id);
    return [{ collection: DELIVERIES, id }];
  }
  return [];
}

const reads = (event: StoredEvent): readonly Key[] =>
  event.type === 'config.applied'
    ? [...keys(event), { collection: HELD_BACK, id: event.data.agent_id }]
    : keys(event);

/** A document that has taken this event in already is left as it is. */
function earlier<T extends Origin>(doc: Doc | undefined, event: StoredEvent): T | 'newer' | undefined {
  const before = doc as unknown as T | undefined;
  return before && BigInt(before._position) >= event.position ? 'newer' : before;
}

function published(event: ConfigEvent, load: Load): readonly Op[] {
  const { data, meta } = event;
  const id = versionId(data.workspace_id, data.version);
  const before = earlier<VersionDoc>(load(VERSIONS, id), event);
  if (before === 'newer') {
    return [];
  }
  const agents = [...data.upserts, ...data.removes].flatMap((one) => (one.kind === 'agent' ? one.id : []));
  const doc: VersionDoc = {
    id,
    workspace_id: data.workspace_id,
    number: data.version,
    published_at: meta.recorded_at,
    source_revision: data.source_revision,
    causes: [...(before?.causes ?? []), ...data.causes],
    targets: { ...before?.targets, ...data.targets },
    agent_ids: [...(before?.agent_ids ?? []), ...agents],
    ...origin(event),
  };
  return [{ kind: 'put', collection: VERSIONS, doc: { ...doc } }];
}

function delivered(event: DeliveryEvent, load: Load): readonly Op[] {
  const workspaceId = event.meta.workspace_id ?? '';
  const number = numberOf(event);
  const id = deliveryId(workspaceId, number, event.data.agent_id);
  const before = earlier<DeliveryDoc>(load(DELIVERIES, id), event);
  if (before === 'newer') {
    return [];
  }
  const base = {
    id,
    workspace_id: workspaceId,
    version_key: versionId(workspaceId, number),
    number,
    agent_id: event.data.agent_id,
    sent_at: before?.sent_at ?? null,
    applied_at: before?.applied_at ?? null,
    duration_ms: before?.duration_ms ?? null,
    stages: before?.stages ?? null,
    failure: before?.failure ?? null,
    parked: before?.parked ?? [],
    ...origin(event),
  };
  const put = (doc: DeliveryDoc): readonly Op[] => [{ kind: 'put', collection: DELIVERIES, doc: { ...doc } }];
  switch (event.type) {
    case 'config.sent':
      return put({ ...base, state: 'sent', digest: event.data.digest, sent_at: event.data.at });
    case 'config.applied': {
      const { digest, at, duration_ms, stages } = event.data;
      const { hosts: parked } = (load(HELD_BACK, event.data.agent_id) ?? {
        hosts: [],
      }) as unknown as HeldBack;
      const state = parked.length > 0 ? 'partial' : 'applied';
      return put({ ...base, state, digest, applied_at: at, duration_ms, stages, failure: null, parked });
    }
    case 'config.refused':
    case 'config.rolled_back': {
      const { failure } = event.data;
      const state = event.type === 'config.refused' ? 'refused' : 'rolled_back';
      return put({ ...base, state, digest: failure.digest, duration_ms: failure.duration_ms, failure });
    }
    default:
      return never(event, 'event of a delivery');
  }
}

export const changes: Projection = {
  name: 'changes',
  version: 2,
  categories: ['config', 'agent'],
  collections: [
    { name: VERSIONS, indexes: ['workspace_id,number'] },
    { name: DELIVERIES, indexes: ['workspace_id,version_key,state'] },
    { name: HELD_BACK, indexes: [] },
  ],
  onPoison: 'park',
  keys,
  reads,
  project: (event, load) => {
    if (event.type === 'config.version_published') {
      return published(event, load);
    }
    if (event.type === 'config.parked') {
      const { agent_id: id, hosts } = event.data;
      return [{ kind: 'put', collection: HELD_BACK, doc: { id, hosts } }];
    }
    return isDelivery(event) ? delivered(event, load) : [];
  },
};
