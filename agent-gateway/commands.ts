// SPDX-License-Identifier: Apache-2.0
import type { StoredEvent } from '../schemas/index.js';
import type { GatewayDeps } from './deps.js';
import { complete } from './desk.js';
import type { Memory, PendingCommand } from './memory.js';
import type { Recorder } from './recorder.js';
import type { Session } from './session.js';
import type { Sessions } from './sessions.js';

const SWEEP_MS = 5_000;
/** A command that nobody has answered for this long has not been done. */
const LOST_MS = 60_000;

/** Hands commands from the log to the sessions that they are for, and ends those that nobody answers. */
export interface CommandWatch {
  /** After the memory has taken the event. */
  apply(event: StoredEvent): void;
  /** Hands over what was asked for while the agent was on its way here. */
  begun(session: Session): void;
  /** Called when the log has been read. */
  start(): void;
  stop(): void;
}

export function watchCommands(
  deps: Pick<GatewayDeps, 'clock' | 'timers'> & {
    readonly recorder: Recorder;
    readonly memory: Memory;
    readonly sessions: Sessions;
  },
): CommandWatch {
  const { clock, memory } = deps;
  // When each was first seen here, by the clock that does not jump.
  const seen = new Map<string, number>();
  // Not twice: the first session may have done it and lost the answer. Should another gateway do so, the agent knows.
  const handed = new Set<string>();
  let live = false;
  let cancel = (): void => {};

  const hand = (command: PendingCommand, session: Session | undefined): void => {
    if (session && !handed.has(command.id)) {
      handed.add(command.id);
      session.command(command);
    }
  };
  const lost = (command: PendingCommand): void => {
    const outcome = { success: false, message: 'No agent answered the command' };
    void complete(deps, command.agent, command.id, outcome);
  };
  const sweep = (): void => {
    const now = clock.monotonic();
    for (const [id, since] of seen) {
      const command = memory.commands.get(id);
      if (!command) {
        seen.delete(id);
        handed.delete(id);
      } else if (now - since > LOST_MS) {
        seen.delete(id);
        handed.add(id);
        lost(command);
      }
    }
  };
  return {
    apply: (event) => {
      if (!live || event.type !== 'agent_command.requested') {
        return;
      }
      const command = memory.commands.get(event.data.command_id);
      if (command) {
        seen.set(command.id, clock.monotonic());
        hand(command, deps.sessions.get(command.agent.agentId));
      }
    },
    begun: (session) => {
      for (const command of memory.commands.values()) {
        if (command.agent.agentId === session.agent.agentId) {
          hand(command, session);
        }
      }
    },
    start: () => {
      live = true;
      for (const command of memory.commands.values()) {
        const age = Math.max(0, clock.now() - Date.parse(command.at));
        seen.set(command.id, clock.monotonic() - age);
      }
      sweep();
      cancel = deps.timers.every(SWEEP_MS, sweep);
    },
    stop: () => cancel(),
  };
}
