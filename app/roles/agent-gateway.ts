// SPDX-License-Identifier: Apache-2.0
import { agentGateway } from '../../agent-gateway/index.js';
import { readMaterial } from '../../commands/index.js';
import { AGENT_STATES } from '../../schemas/index.js';
import type { Context } from '../context.js';
import { gatewayCommands } from '../gateway-commands.js';
import type { Part } from './part.js';

const GRACE_MS = 2_000;

/** The gRPC side: agents. */
export async function agentGatewayRole(context: Context): Promise<Part> {
  const { events, readStore, vault, clock, timers, random, log, handlers, locate, settings } = context;
  const gateway = await agentGateway(
    {
      log: events,
      readStore,
      vault,
      clock,
      timers,
      random,
      logger: log,
      ...gatewayCommands(handlers, locate, clock),
      certificateMaterial: (workspaceId, id) => readMaterial(vault, workspaceId, id),
    },
    { ...settings.grpcListen, names: settings.grpcNames },
  );
  let listens = false;
  return {
    components: async () => ({ agent_gateway: listens ? 'healthy' : 'unhealthy' }),
    measures: async () =>
      Promise.all(
        AGENT_STATES.map(async (state) => ({
          name: 'nxmesh_agents_known_count',
          help: 'Agents of all workspaces, by state; those that are not offline are connected',
          value: (await context.reader.find('agents', { where: { state }, limit: 1 })).total,
          labels: { state },
        })),
      ),
    listen: async () => {
      await gateway.listen();
      listens = true;
    },
    close: () => gateway.close(GRACE_MS),
  };
}
