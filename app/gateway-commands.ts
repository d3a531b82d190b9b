// SPDX-License-Identifier: Apache-2.0
import type { GatewayDeps } from '../agent-gateway/index.js';
import type { Handlers, Locate } from '../commands/index.js';
import { type Clock, digestOf, NxError, streams, timestamp, uuidv5 } from '../kernel/index.js';

/** What the gateway learns becomes commands; the same report again is the same command. */
export function gatewayCommands(
  handlers: Handlers,
  locate: Locate,
  clock: Clock,
): Pick<GatewayDeps, 'register' | 'record'> {
  return {
    register: async ({ agentId, tokenSha256, publicKeySha256 }) => {
      const place = await locate('agent', agentId);
      if (!place) {
        throw new NxError('UNAUTHORIZED', 'The registration token is not valid');
      }
      const digest = digestOf([tokenSha256, publicKeySha256]);
      const commandId = uuidv5('register', agentId, digest);
      await handlers.workspace.run(
        streams.workspace(place.workspaceId),
        agentId,
        { type: 'register-agent', id: agentId, tokenSha256, publicKeySha256, at: timestamp(clock.now()) },
        {
          commandId,
          digest,
          correlationId: commandId,
          causationId: commandId,
          actor: `agent:${agentId}`,
          ...place,
        },
        () => undefined,
      );
      return place;
    },
    record: async (workspaceId, organizationId, agentId, command) => {
      const digest = digestOf(command);
      const commandId = uuidv5('report', agentId, digest);
      await handlers.agent.run(
        streams.agent(agentId),
        agentId,
        command,
        {
          commandId,
          digest,
          correlationId: commandId,
          causationId: commandId,
          actor: `agent:${agentId}`,
          workspaceId,
          organizationId,
        },
        () => undefined,
      );
    },
  };
}
