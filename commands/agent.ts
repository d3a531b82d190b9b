// SPDX-License-Identifier: Apache-2.0
import { type HandlerRequest, type Route, route } from '../http/index.js';
import { createdId, NxError, type Secret, sha256, streams, timestamp, unavailable } from '../kernel/index.js';
import {
  CreateAgentToken,
  closed,
  Operation,
  runningOperation,
  Timestamp,
  type TSchema,
  Type,
  UpdateAgent,
  Uuid,
} from '../schemas/index.js';
import { accepted, waitFor } from './operation.js';
import { answer, type CommandDeps, contextOf, placeOf } from './request.js';

export interface AgentCommandDeps extends CommandDeps {
  /**
   * The one-time secret (32 bytes) of an enrolment: the same command gives the same secret, so that a repeated request
   * is answered with the same token although only its hash is kept.
   */
  readonly tokenSecret: (commandId: string) => Secret<Buffer>;
  /** The token that an agent is started with. */
  readonly makeToken: (agentId: string, secret: Secret<Buffer>) => Secret;
  /** How an agent is shown to who reads it: as it was enrolled, and what it has reported of itself. */
  readonly shownAgent: {
    readonly schema: TSchema;
    readonly load: (request: HandlerRequest, id: string) => Promise<object>;
  };
  /** Waits for the outcome of a command that an agent was asked to do. */
  readonly commandResult: (
    agentId: string,
    commandId: string,
    ms: number,
    signal: AbortSignal,
  ) => Promise<{ readonly success: boolean; readonly message: string; readonly at: string } | undefined>;
}

const AgentToken = closed({ token: Type.String(), agent_id: Uuid, expires_at: Timestamp });
const CommandOutcome = closed({ success: Type.Boolean(), message: Type.String(), timestamp: Timestamp });

const HOUR_MS = 3_600_000;
const RELOAD_MS = 15_000;

/** Write routes of agents. */
export function agentCommands(deps: AgentCommandDeps): Route[] {
  const { handlers, clock } = deps;
  return [
    route({
      method: 'POST',
      path: '/v1/workspaces/{workspace_id}/agents/tokens',
      operationId: 'createAgentToken',
      summary: 'Enrol an agent and get the token that it joins with',
      tag: 'Agents',
      permission: 'agent_token.create',
      body: CreateAgentToken,
      success: { status: 201, schema: AgentToken },
      idempotent: true,
      handler: async (request) => {
        const place = await placeOf(deps, request, 'workspace', request.params.workspace_id);
        const context = contextOf(request, deps, place);
        const id = createdId(context.commandId, 'agent');
        const secret = deps.tokenSecret(context.commandId);
        const now = clock.now();
        const outcome = await handlers.workspace.run(
          streams.workspace(place.workspaceId),
          id,
          {
            type: 'enrol-agent',
            id,
            body: request.body,
            tokenSha256: sha256(secret.reveal()),
            expiresAt: timestamp(now + (request.body.expires_in_hours ?? 24) * HOUR_MS),
            at: timestamp(now),
          },
          context,
          (state) => state.agents.get(id)?.tokenExpiresAt,
        );
        const { body: expiresAt, ...rest } = await answer(deps, outcome);
        return {
          ...rest,
          body: { token: deps.makeToken(id, secret).reveal(), agent_id: id, expires_at: expiresAt },
        };
      },
    }),
    route({
      method: 'PATCH',
      path: '/v1/agents/{agent_id}',
      operationId: 'updateAgent',
      summary:
        'Change the name and labels of an agent; labels that are not named stay, and null takes one away',
      tag: 'Agents',
      permission: 'agent.update',
      body: UpdateAgent,
      success: { status: 200, schema: deps.shownAgent.schema },
      errors: ['CONFLICT'],
      idempotent: true,
      handler: async (request) => {
        const id = request.params.agent_id;
        const place = await placeOf(deps, request, 'agent', id);
        // What it reports is not changed by this, and is read before anything is.
        const shown = await deps.shownAgent.load(request, id);
        const outcome = await handlers.workspace.run(
          streams.workspace(place.workspaceId),
          id,
          { type: 'update-agent', id, body: request.body, at: timestamp(clock.now()) },
          contextOf(request, deps, place),
          (state) => ({ ...shown, ...state.agents.get(id)?.agent }),
        );
        return answer(deps, outcome);
      },
    }),
    route({
      method: 'DELETE',
      path: '/v1/agents/{agent_id}',
      operationId: 'deleteAgent',
      summary: 'Remove an agent; its certificate is worth nothing from then on',
      tag: 'Agents',
      permission: 'agent.delete',
      success: { status: 204 },
      errors: ['CONFLICT'],
      idempotent: true,
      handler: async (request) => {
        const id = request.params.agent_id;
        const place = await placeOf(deps, request, 'agent', id);
        const outcome = await handlers.workspace.run(
          streams.workspace(place.workspaceId),
          id,
          { type: 'remove-agent', id, at: timestamp(clock.now()) },
          contextOf(request, deps, place),
          () => undefined,
        );
        return answer(deps, outcome);
      },
    }),
    route({
      method: 'POST',
      path: '/v1/agents/{agent_id}/reload',
      operationId: 'reloadAgent',
      summary: "Reload an agent's nginx and wait for the outcome",
      tag: 'Agents',
      permission: 'agent.reload',
      success: { status: 200, schema: CommandOutcome },
      accepted: Operation,
      errors: ['CONFLICT', 'SERVICE_UNAVAILABLE'],
      idempotent: true,
      handler: async (request) => {
        const id = request.params.agent_id;
        const place = await placeOf(deps, request, 'agent', id);
        const context = contextOf(request, deps, place);
        const commandId = createdId(context.commandId, 'agent_command');
        const at = timestamp(clock.now());
        const asked = await handlers.agent.run(
          streams.agent(id),
          id,
          { type: 'request', agent_id: id, command_id: commandId, kind: 'reload', at },
          context,
          (state) => state.pending.get(commandId),
        );
        const waitMs = waitFor(request, RELOAD_MS);
        const result =
          waitMs === 0 ? undefined : await deps.commandResult(id, commandId, waitMs, request.signal);
        if (!result && request.prefer.respondAsync) {
          const resource = { type: 'agent', id } as const;
          const operation = {
            id: commandId,
            workspace_id: place.workspaceId,
            kind: 'agent.reload',
            resource,
          } as const;
          // Asked again, it is the work that was begun then.
          const begun = runningOperation({ ...operation, created_at: asked.result ?? at });
          return accepted(begun, await answer(deps, asked));
        }
        if (!result) {
          throw unavailable('The agent has not answered yet');
        }
        if (!result.success) {
          throw new NxError('CONFLICT', result.message);
        }
        return { body: { success: true, message: 'Nginx reloaded successfully', timestamp: result.at } };
      },
    }),
  ];
}
