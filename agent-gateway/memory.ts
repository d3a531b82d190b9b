// SPDX-License-Identifier: Apache-2.0
import { type AgentState, agent as agentDecider, type Failure } from '../domain/index.js';
import { categoryOf, idOf } from '../kernel/index.js';
import type { AgentStreamEvent, EventData, ParkedHost, StoredEvent } from '../schemas/index.js';
import type { Identity } from './identity.js';

export type CommandKind = EventData<'agent_command.requested'>['kind'];

/** A command that somebody asked for and no agent has answered. */
export interface PendingCommand {
  readonly id: string;
  readonly kind: CommandKind;
  readonly agent: Identity;
  /** RFC 3339. */
  readonly at: string;
}

interface Known {
  readonly identity: Identity;
  readonly state: AgentState;
}

/** What the log knows of every agent: folded from its stream, the gateway's memory across restarts. */
export interface Memory {
  apply(event: StoredEvent): void;
  get(agentId: string): Known | undefined;
  /** The refusal that still stands for this agent. A session sets it before the log has told of it. */
  setFailure(agentId: string, failure: Failure | undefined): void;
  failure(agentId: string): Failure | undefined;
  /** What the agent does not run as desired. A session sets it before the log has told of it. */
  parked(agentId: string): readonly ParkedHost[];
  setParked(agentId: string, hosts: readonly ParkedHost[]): void;
  /** Agents of which the log says that a session is open. */
  connected(): readonly { agent: Identity; session: string }[];
  readonly commands: ReadonlyMap<string, PendingCommand>;
}

const isAgentFact = (event: StoredEvent): event is AgentStreamEvent => categoryOf(event.stream) === 'agent';

export function memory(): Memory {
  const agents = new Map<string, Known>();
  const failures = new Map<string, Failure>();
  const parked = new Map<string, readonly ParkedHost[]>();
  const commands = new Map<string, PendingCommand>();

  const setFailure = (agentId: string, failure: Failure | undefined): void => {
    if (failure) {
      failures.set(agentId, failure);
    } else {
      failures.delete(agentId);
    }
  };
  const setParked = (agentId: string, hosts: readonly ParkedHost[]): void => {
    if (hosts.length > 0) {
      parked.set(agentId, hosts);
    } else {
      parked.delete(agentId);
    }
  };
  const know = (event: StoredEvent): Known => {
    const agentId = idOf(event.stream);
    let known = agents.get(agentId);
    if (!known) {
      const { workspace_id = '', organization_id = '' } = event.meta;
      const identity = { agentId, workspaceId: workspace_id, organizationId: organization_id };
      known = { identity, state: agentDecider.initial() };
      agents.set(agentId, known);
    }
    return known;
  };
  return {
    apply: (event) => {
      if (!isAgentFact(event)) {
        return;
      }
      const known = know(event);
      agentDecider.evolve(known.state, event);
      if (event.type === 'config.refused' || event.type === 'config.rolled_back') {
        setFailure(known.identity.agentId, event.data.failure);
      } else if (event.type === 'config.applied') {
        const failure = failures.get(known.identity.agentId);
        // A newer version may have been refused before the proof of an older one came.
        if (failure && failure.version <= event.data.version) {
          failures.delete(known.identity.agentId);
        }
      } else if (event.type === 'config.parked') {
        setParked(known.identity.agentId, event.data.hosts);
      } else if (event.type === 'agent_command.requested') {
        const { command_id: id, kind, at } = event.data;
        commands.set(id, { id, kind, at, agent: known.identity });
      } else if (event.type === 'agent_command.completed') {
        commands.delete(event.data.command_id);
      }
    },
    get: (agentId) => agents.get(agentId),
    setFailure,
    failure: (agentId) => failures.get(agentId),
    parked: (agentId) => parked.get(agentId) ?? [],
    setParked,
    connected: () =>
      [...agents.values()].flatMap(({ identity, state }) =>
        state.session === undefined ? [] : [{ agent: identity, session: state.session }],
      ),
    commands,
  };
}
