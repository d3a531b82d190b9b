// SPDX-License-Identifier: Apache-2.0
import type { AgentCommand } from '../domain/index.js';
import { errorMessage, NxError } from '../kernel/index.js';
import type { GatewayDeps } from './deps.js';
import type { Identity } from './identity.js';

const FIRST_RETRY_MS = 100;
const LONGEST_RETRY_MS = 5_000;
/** Facts of one agent that may wait for the log; transitions are rare, so this is reached only when it is down. */
const MAX_WAITING = 256;
/** Somebody else writes to the agent's stream at the same time; that does not go on for long. */
const MAX_CONFLICTS = 20;

/** Records facts of agents, for each agent one after the other. */
export interface Recorder {
  /**
   * Resolves with true when it is in the log, with false when it was refused, dropped because too much waits, or the
   * gateway closed. Never rejects: delivery goes on while the log is down.
   */
  record(agent: Identity, command: AgentCommand): Promise<boolean>;
  /** Resolves when nothing waits any more. */
  idle(): Promise<void>;
  close(): void;
}

export function recorder(deps: Pick<GatewayDeps, 'record' | 'timers' | 'random' | 'logger'>): Recorder {
  const lanes = new Map<string, { last: Promise<unknown>; waiting: number }>();
  const closing = new AbortController();

  const attempt = async (agent: Identity, command: AgentCommand): Promise<boolean> => {
    let conflicts = 0;
    for (let delay = FIRST_RETRY_MS; ; delay = Math.min(delay * 2, LONGEST_RETRY_MS)) {
      try {
        await deps.record(agent.workspaceId, agent.organizationId, agent.agentId, command);
        return true;
      } catch (error) {
        const code = error instanceof NxError ? error.code : undefined;
        conflicts += code === 'CONFLICT' ? 1 : 0;
        const again = code === 'SERVICE_UNAVAILABLE' || (code === 'CONFLICT' && conflicts < MAX_CONFLICTS);
        if (!again || closing.signal.aborted) {
          const fields = { agent_id: agent.agentId, command: command.type, error: errorMessage(error) };
          deps.logger.error(fields, 'a fact of an agent was not recorded');
          return false;
        }
      }
      await deps.timers
        .sleep(delay * (0.5 + deps.random.fraction() / 2), closing.signal)
        .catch(() => undefined);
    }
  };
  return {
    record: (agent, command) => {
      const lane = lanes.get(agent.agentId) ?? { last: Promise.resolve(), waiting: 0 };
      if (lane.waiting >= MAX_WAITING) {
        deps.logger.error(
          { agent_id: agent.agentId, command: command.type },
          'too many facts wait for the log',
        );
        return Promise.resolve(false);
      }
      lanes.set(agent.agentId, lane);
      lane.waiting += 1;
      const result = lane.last.then(() => attempt(agent, command));
      lane.last = result.then(() => {
        lane.waiting -= 1;
        if (lane.waiting === 0) {
          lanes.delete(agent.agentId);
        }
      });
      return result;
    },
    idle: async () => {
      await Promise.all([...lanes.values()].map(({ last }) => last));
    },
    close: () => closing.abort(),
  };
}
