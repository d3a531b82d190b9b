// SPDX-License-Identifier: Apache-2.0
import { never, timestamp } from '../kernel/index.js';
import { Command, type CommandResult } from '../proto/index.js';
import type { GatewayDeps } from './deps.js';
import type { Identity } from './identity.js';
import type { CommandKind, PendingCommand } from './memory.js';
import type { Recorder } from './recorder.js';
import type { MasterPayload } from './wire.js';
import { words } from './words.js';

/** As many commands may wait for one agent's answers. */
const MAX_OPEN = 64;

/** Commands that one session carries to its agent, each ended by an answer, by time, or with the session. */
export interface Desk {
  hand(command: PendingCommand): void;
  answered(result: CommandResult): Promise<void>;
  close(): void;
}

function body(kind: CommandKind): Command['command'] {
  switch (kind) {
    case 'reload':
      return { $case: 'reload', value: { graceful: true } };
    case 'restart':
      return { $case: 'restart', value: { force: false } };
    case 'stop':
      return { $case: 'stop', value: { graceful: true, timeoutSeconds: 0 } };
    case 'status':
      return { $case: 'getStatus', value: {} };
    default:
      return never(kind, 'kind of command');
  }
}

/** Records how a command ended; one that has ended before stays as it was. */
export const complete = (
  deps: Pick<GatewayDeps, 'clock'> & { readonly recorder: Recorder },
  agent: Identity,
  commandId: string,
  outcome: { readonly success: boolean; readonly message: string },
): Promise<boolean> =>
  deps.recorder.record(agent, {
    type: 'complete',
    data: { agent_id: agent.agentId, command_id: commandId, ...outcome, at: timestamp(deps.clock.now()) },
  });

export function desk(
  deps: Pick<GatewayDeps, 'clock' | 'timers'> & {
    readonly recorder: Recorder;
    send(payload: MasterPayload): void;
  },
  agent: Identity,
  answerMs: number,
): Desk {
  const open = new Map<string, () => void>();
  const fail = (commandId: string, message: string) =>
    complete(deps, agent, commandId, { success: false, message });
  const take = (commandId: string): boolean => {
    open.get(commandId)?.();
    return open.delete(commandId);
  };
  return {
    hand: ({ id, kind }) => {
      if (open.has(id)) {
        return;
      }
      if (open.size >= MAX_OPEN) {
        void fail(id, 'Too many commands wait for this agent');
        return;
      }
      const late = () => {
        if (take(id)) {
          void fail(id, 'The agent did not answer in time');
        }
      };
      open.set(id, deps.timers.after(answerMs, late));
      deps.send({ $case: 'command', value: Command.fromPartial({ commandId: id, command: body(kind) }) });
    },
    answered: async ({ commandId, success, message }) => {
      if (take(commandId)) {
        await complete(deps, agent, commandId, { success, message: words(message) });
      }
    },
    close: () => {
      for (const id of open.keys()) {
        take(id);
        void fail(id, 'The agent disconnected before it answered');
      }
    },
  };
}
