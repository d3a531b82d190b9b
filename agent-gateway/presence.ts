// SPDX-License-Identifier: Apache-2.0
import { timestamp } from '../kernel/index.js';
import type { Doc } from '../read-store/index.js';
import type { GatewayDeps, GatewaySettings } from './deps.js';
import type { Memory } from './memory.js';
import type { Recorder } from './recorder.js';
import { HEALTH } from './telemetry.js';

/** Puts right what the log says of agents that were connected when the gateway went away. */
export interface Presence {
  /** Called when the log has been read: what it calls connected now was left open by an earlier process. */
  start(): void;
  /** The agent is connected again. */
  back(agentId: string): void;
  stop(): void;
}

export function watchPresence(
  deps: Pick<GatewayDeps, 'clock' | 'timers' | 'readStore'> & {
    readonly recorder: Recorder;
    readonly memory: Memory;
  },
  settings: Pick<GatewaySettings, 'heartbeatMs' | 'heartbeatGraceMs'>,
): Presence {
  let left = new Map<string, ReturnType<Memory['connected']>[number]>();
  let cancel = (): void => {};
  const gone = (agentId: string): void => {
    const before = left.get(agentId);
    left.delete(agentId);
    if (before) {
      void deps.recorder.record(before.agent, {
        type: 'disconnect',
        agent_id: agentId,
        session_id: before.session,
        reason: 'gateway_restarted',
        at: timestamp(deps.clock.now()),
      });
    }
  };
  /** Agents that have reported since: another gateway has them. */
  async function heardOf(agentIds: readonly string[], since: string): Promise<Set<string>> {
    const reports = await deps.readStore.getMany(HEALTH, agentIds).catch(() => new Map<string, Doc>());
    return new Set(
      [...reports.values()].filter(({ at }) => typeof at === 'string' && at > since).map(({ id }) => id),
    );
  }

  return {
    start: () => {
      left = new Map(deps.memory.connected().map((one) => [one.agent.agentId, one]));
      const started = timestamp(deps.clock.now());
      cancel = deps.timers.after(2 * settings.heartbeatMs + settings.heartbeatGraceMs, () => {
        void heardOf([...left.keys()], started).then((elsewhere) => {
          for (const agentId of left.keys()) {
            if (!elsewhere.has(agentId)) {
              gone(agentId);
            }
          }
        });
      });
    },
    back: gone,
    stop: () => cancel(),
  };
}
