// SPDX-License-Identifier: Apache-2.0
/** What was to run, version by version, read from the log: a version is a fold, and what was rendered is rendered again. */
import {
  type AgentState,
  agent as agentDecider,
  type ConfigState,
  isComplete,
  versionReader,
} from '../../domain/index.js';
import type { EventLog } from '../../event-log/index.js';
import { type Position, type Revision, streams } from '../../kernel/index.js';
import type { AgentStreamEvent, ConfigFact } from '../../schemas/index.js';

/** A version whole; `published` is when it was published and where in the log. */
export interface ConfigAt {
  readonly config: ConfigState;
  readonly at: string;
  readonly position: Position;
}

interface Milestone {
  readonly version: number;
  readonly digest: string;
  readonly at: string;
}

/** An agent as its stream tells it up to a position. */
export interface AgentAt {
  readonly state: AgentState;
  readonly sent: Milestone | null;
  /** What nginx itself has answered with. */
  readonly proven: Milestone | null;
  readonly refused: (Milestone & { readonly reason: string; readonly message: string }) | null;
}

/** The past as the log has it. */
export interface Past {
  /** Where an event stands; undefined when the stream does not go so far. */
  positionOf(stream: string, revision: Revision): Promise<Position | undefined>;
  /** Those of the versions that were published, whole. */
  versions(workspaceId: string, wanted: readonly number[]): Promise<ReadonlyMap<number, ConfigAt>>;
  /** The version that was desired at a position; undefined before the first. */
  versionAt(workspaceId: string, position: Position): Promise<ConfigAt | undefined>;
  agentAt(agentId: string, position: Position): Promise<AgentAt>;
}

const copyOf = (config: ConfigState): ConfigState => ({
  ...config,
  agents: new Map(config.agents),
  upstreams: new Map(config.upstreams),
  virtualHosts: new Map(config.virtualHosts),
  certificates: new Map(config.certificates),
  targets: new Map(config.targets),
});

export function past(log: EventLog): Past {
  /** Calls `each` with every version in order, as long as it says so. The state goes on changing. */
  async function fold(workspaceId: string, each: (one: ConfigAt) => boolean): Promise<void> {
    const reader = versionReader();
    for await (const event of log.read(streams.config(workspaceId))) {
      const diff = reader.take(event as unknown as ConfigFact);
      const { position, meta } = event;
      if (diff && !each({ config: reader.state, at: meta.recorded_at, position })) {
        return;
      }
    }
  }

  return {
    positionOf: async (stream, revision) => {
      for await (const event of log.read(stream, { from: revision, to: revision })) {
        return event.position;
      }
      return undefined;
    },
    versions: async (workspaceId, wanted) => {
      const found = new Map<number, ConfigAt>();
      const last = Math.max(...wanted);
      await fold(workspaceId, (one) => {
        if (wanted.includes(one.config.version)) {
          found.set(one.config.version, { ...one, config: copyOf(one.config) });
        }
        return one.config.version < last;
      });
      return found;
    },
    versionAt: async (workspaceId, position) => {
      const reader = versionReader();
      let found: Omit<ConfigAt, 'config'> | undefined;
      let parts: ConfigFact[] = [];
      for await (const event of log.read(streams.config(workspaceId))) {
        if (event.position > position) {
          break;
        }
        // A version counts from its last part on.
        parts.push(event as unknown as ConfigFact);
        if (isComplete(event as unknown as ConfigFact)) {
          for (const part of parts) {
            reader.take(part);
          }
          parts = [];
          found = { at: event.meta.recorded_at, position: event.position };
        }
      }
      return found && { config: reader.state, ...found };
    },
    agentAt: async (agentId, position) => {
      const state = agentDecider.initial();
      let one: Omit<AgentAt, 'state'> = { sent: null, proven: null, refused: null };
      for await (const event of log.read(streams.agent(agentId))) {
        if (event.position > position) {
          break;
        }
        const fact = event as AgentStreamEvent;
        agentDecider.evolve(state, fact);
        one = { ...one, ...milestone(fact) };
      }
      return { state, ...one };
    },
  };
}

function milestone(fact: AgentStreamEvent): Partial<AgentAt> {
  switch (fact.type) {
    case 'config.sent':
      return { sent: pick(fact.data) };
    case 'config.applied':
      return { proven: pick(fact.data), refused: null };
    case 'config.refused':
    case 'config.rolled_back': {
      const { failure } = fact.data;
      return { refused: { ...pick(failure), reason: failure.reason, message: failure.message } };
    }
    default:
      return {};
  }
}

const pick = ({ version, digest, at }: Milestone): Milestone => ({ version, digest, at });
