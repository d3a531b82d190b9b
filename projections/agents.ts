// SPDX-License-Identifier: Apache-2.0
import type {
  AgentFacts,
  AgentState,
  EnrolledAgent,
  ParkedHost,
  Reason,
  Stage,
  StoredEvent,
} from '../schemas/index.js';
import type { Key, Projection } from './projection.js';
import { type Origin, origin } from './resource.js';

interface VersionAt {
  readonly version: number;
  readonly digest: string;
  readonly at: string;
}

interface Refusal extends VersionAt {
  readonly reason: Reason;
  readonly stage: Stage;
  readonly message: string;
}

/** Null until the agent has said it. */
type Reported = { readonly [Field in keyof AgentFacts]: AgentFacts[Field] | null };

/** An agent as people enrolled it, as it reported itself, and how far its configuration has come. */
export interface AgentDoc extends EnrolledAgent, Reported, Origin {
  readonly organization_id: string | null;
  readonly state: AgentState;
  /** When it last came or went; telemetry knows better while it is connected. */
  readonly last_seen_at: string | null;
  /** Its token is used up: it has a certificate. */
  readonly registered: boolean;
  readonly sent: VersionAt | null;
  readonly applied: VersionAt | null;
  /** Newer than what is applied, and did not go live. */
  readonly refused: Refusal | null;
  /** Hosts that it does not run as desired. */
  readonly parked: readonly ParkedHost[];
  /** What it should have proven by now. */
  readonly overdue: VersionAt | null;
  /** Revision of its workspace's stream that enrolled it: what was published before is not for it. */
  readonly _enrolled: string;
  /** The session that is open; an older one that ends late does not count. */
  readonly _session: string | null;
  readonly _nginx_stopped: boolean;
}

/**
 * Degraded: connected, but nginx is stopped, or the last version did not go live, or not the whole of it, or
 * takes too long. */
function stateOf(agent: AgentDoc): AgentState {
  if (agent._session === null) {
    return 'offline';
  }
  const behind = agent.refused || agent.overdue || agent.parked.length > 0;
  return agent._nginx_stopped || behind ? 'degraded' : 'online';
}

function enrolled(agent: EnrolledAgent, event: StoredEvent): AgentDoc {
  return {
    ...agent,
    ...origin(event),
    organization_id: event.meta.organization_id ?? null,
    hostname: null,
    ip_address: null,
    version: null,
    deployment_mode: null,
    capabilities: null,
    nginx_version: null,
    state: 'offline',
    last_seen_at: null,
    registered: false,
    sent: null,
    applied: null,
    refused: null,
    parked: [],
    overdue: null,
    _enrolled: String(event.revision),
    _session: null,
    _nginx_stopped: false,
  };
}

/** What an event changes in an agent; undefined when nothing. */
function changes(agent: AgentDoc, event: StoredEvent): Partial<AgentDoc> | undefined {
  switch (event.type) {
    case 'agent.updated':
      return { ...event.data.agent, ...origin(event) };
    case 'agent.registered':
      return { registered: true, ...origin(event) };
    case 'agent.connected': {
      const { facts, session_id, at } = event.data;
      return { ...facts, last_seen_at: at, _session: session_id };
    }
    case 'agent.disconnected': {
      const { session_id, at } = event.data;
      return agent._session === session_id ? { last_seen_at: at, overdue: null, _session: null } : undefined;
    }
    case 'config.sent': {
      const { version, digest, at } = event.data;
      return { sent: { version, digest, at } };
    }
    case 'config.applied': {
      const { version, digest, at } = event.data;
      const overcome = !agent.refused || version >= agent.refused.version;
      // nginx itself answered with the digest.
      return {
        applied: { version, digest, at },
        refused: overcome ? null : agent.refused,
        overdue: null,
        _nginx_stopped: false,
      };
    }
    case 'config.refused':
    case 'config.rolled_back': {
      const { version, digest, at, reason, stage, message } = event.data.failure;
      return { refused: { version, digest, at, reason, stage, message } };
    }
    case 'config.overdue': {
      const { version, digest, at } = event.data;
      return { overdue: { version, digest, at } };
    }
    case 'config.parked':
      return { parked: event.data.hosts };
    case 'nginx.started':
      return { _nginx_stopped: false };
    case 'nginx.stopped':
      return { _nginx_stopped: true };
    default:
      // Commands to an agent, and the rest of the workspace, leave it as it is.
      return undefined;
  }
}

const COLLECTION = 'agents';

function idOf(event: StoredEvent): string | undefined {
  const { data } = event;
  if ('agent' in data) {
    return data.agent.id;
  }
  return 'agent_id' in data ? data.agent_id : undefined;
}

function keys(event: StoredEvent): readonly Key[] {
  const id = idOf(event);
  return id === undefined ? [] : [{ collection: COLLECTION, id }];
}

export const agents: Projection = {
  name: 'agents',
  version: 2,
  categories: ['workspace', 'agent'],
  types: [
    'agent.enrolled',
    'agent.registered',
    'agent.updated',
    'agent.removed',
    'agent.connected',
    'agent.disconnected',
    'config.sent',
    'config.applied',
    'config.refused',
    'config.rolled_back',
    'config.parked',
    'config.overdue',
    'nginx.started',
    'nginx.stopped',
  ],
  collections: [
    { name: COLLECTION, indexes: ['workspace_id', 'workspace_id,state', 'workspace_id,name', 'state'] },
  ],
  onPoison: 'park',
  keys,
  reads: keys,
  project: (event, load) => {
    const id = idOf(event);
    if (id === undefined) {
      return [];
    }
    if (event.type === 'agent.enrolled') {
      return [{ kind: 'put', collection: COLLECTION, doc: { ...enrolled(event.data.agent, event) } }];
    }
    if (event.type === 'agent.removed') {
      return [{ kind: 'delete', collection: COLLECTION, id }];
    }
    const agent = load(COLLECTION, id) as AgentDoc | undefined;
    const changed = agent && changes(agent, event);
    if (!changed) {
      return [];
    }
    const after: AgentDoc = { ...agent, ...changed, _position: String(event.position) };
    return [{ kind: 'put', collection: COLLECTION, doc: { ...after, state: stateOf(after) } }];
  },
};
