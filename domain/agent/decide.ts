// SPDX-License-Identifier: Apache-2.0
import { canonicalJson, never, unavailable } from '../../kernel/index.js';
import type { AgentStreamFact, EventData, NginxBuild } from '../../schemas/index.js';
import type { AgentState, Failure } from './state.js';

type DisconnectReason = EventData<'agent.disconnected'>['reason'];
type CommandKind = EventData<'agent_command.requested'>['kind'];

/** What the gateway learns of an agent, and what people ask of it. `at` is RFC 3339. */
export type AgentCommand =
  | {
      readonly type: 'connect';
      readonly data: EventData<'agent.connected'>;
      /** What its configuration is rendered for; undefined for an agent that takes no files. */
      readonly build?: NginxBuild;
    }
  | {
      readonly type: 'disconnect';
      readonly agent_id: string;
      readonly session_id: string;
      readonly reason: DisconnectReason;
      readonly at: string;
    }
  | { readonly type: 'mark-sent'; readonly data: EventData<'config.sent'> }
  | { readonly type: 'mark-applied'; readonly data: EventData<'config.applied'> }
  | {
      readonly type: 'mark-refused';
      readonly agent_id: string;
      readonly failure: Failure;
      readonly rolled_back: boolean;
    }
  | { readonly type: 'mark-nginx'; readonly agent_id: string; readonly running: boolean; readonly at: string }
  | {
      readonly type: 'request';
      readonly agent_id: string;
      readonly command_id: string;
      readonly kind: CommandKind;
      readonly at: string;
    }
  | { readonly type: 'complete'; readonly data: EventData<'agent_command.completed'> };

const same = (
  a: { version: number; digest: string } | undefined,
  b: { version: number; digest: string },
): boolean => a?.version === b.version && a.digest === b.digest;

/** Transitions only: what the state knows already is no fact again. */
export function decide(command: AgentCommand, state: AgentState): readonly AgentStreamFact[] {
  switch (command.type) {
    case 'connect':
      return [...connect(command.data, state), ...reported(command, state)];
    case 'disconnect':
      return state.session === command.session_id
        ? [
            {
              type: 'agent.disconnected',
              data: pick(command.agent_id, command.session_id, command.reason, command.at),
            },
          ]
        : [];
    case 'mark-sent':
      return same(state.sent, command.data) && !state.failed
        ? []
        : [{ type: 'config.sent', data: command.data }];
    case 'mark-applied':
      return same(state.applied, command.data) && !state.failed
        ? []
        : [{ type: 'config.applied', data: command.data }];
    case 'mark-refused':
      return same(state.failed, command.failure)
        ? []
        : [
            {
              type: command.rolled_back ? 'config.rolled_back' : 'config.refused',
              data: { agent_id: command.agent_id, failure: command.failure },
            },
          ];
    case 'mark-nginx':
      if (state.nginxRunning === command.running) {
        return [];
      }
      return [
        {
          type: command.running ? 'nginx.started' : 'nginx.stopped',
          data: { agent_id: command.agent_id, at: command.at },
        },
      ];
    case 'request':
      if (state.session === undefined) {
        throw unavailable('The agent is not connected');
      }
      return [
        {
          type: 'agent_command.requested',
          data: {
            agent_id: command.agent_id,
            command_id: command.command_id,
            kind: command.kind,
            at: command.at,
          },
        },
      ];
    case 'complete':
      return state.pending.has(command.data.command_id)
        ? [{ type: 'agent_command.completed', data: command.data }]
        : [];
    default:
      return never(command, 'command of an agent');
  }
}

function reported(
  { data, build }: Extract<AgentCommand, { type: 'connect' }>,
  state: AgentState,
): readonly AgentStreamFact[] {
  const known = build === undefined || canonicalJson(build) === canonicalJson(state.build ?? null);
  return known ? [] : [{ type: 'nginx.reported', data: { agent_id: data.agent_id, build, at: data.at } }];
}

function connect(data: EventData<'agent.connected'>, state: AgentState): readonly AgentStreamFact[] {
  const connected: AgentStreamFact = { type: 'agent.connected', data };
  if (state.session === undefined) {
    return [connected];
  }
  if (state.session === data.session_id) {
    return [];
  }
  return [
    { type: 'agent.disconnected', data: pick(data.agent_id, state.session, 'superseded', data.at) },
    connected,
  ];
}

const pick = (
  agent_id: string,
  session_id: string,
  reason: DisconnectReason,
  at: string,
): EventData<'agent.disconnected'> => ({
  agent_id,
  session_id,
  reason,
  at,
});
