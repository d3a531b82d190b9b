import { type Route, route } from '../http/index.js';
import { createdId, streams, timestamp } from '../kernel/index.js';
import { CreateVirtualHost, UpdateVirtualHost, VirtualHost } from '../schemas/index.js';
import { answer, type CommandDeps, contextOf, placeOf } from './request.js';

/** Write routes of virtual hosts. */
export function virtualHostCommands(deps: CommandDeps): Route[] {
  const { handlers, clock } = deps;
  return [
    route({
      method: 'POST',
      path: '/v1/workspaces/{workspace_id}/virtual-hosts',
      operationId: 'createVirtualHost',
      summary: 'Create a virtual host',
      tag: 'Virtual Hosts',
      permission: 'virtual_host.create',
      body: CreateVirtualHost,
      success: { status: 201, schema: VirtualHost },
      idempotent: true,
      handler: async (request) => {
        const place = await placeOf(deps, request, 'workspace', request.params.workspace_id);
        const context = contextOf(request, deps, place);
        const id = createdId(context.commandId, 'virtual_host');
        const outcome = await handlers.workspace.run(
          streams.workspace(place.workspaceId),
          id,
          { type: 'create-virtual-host', id, body: request.body, at: timestamp(clock.now()) },
          context,
          (state) => state.virtualHosts.get(id),
        );
        return answer(deps, outcome);
      },
    }),
    route({
      method: 'PATCH',
      path: '/v1/virtual-hosts/{virtual_host_id}',
      operationId: 'updateVirtualHost',
      summary: 'Change a virtual host; `locations` replaces the whole list',
      tag: 'Virtual Hosts',
      permission: 'virtual_host.update',
      body: UpdateVirtualHost,
      success: { status: 200, schema: VirtualHost },
      idempotent: true,
      handler: async (request) => {
        const id = request.params.virtual_host_id;
        const place = await placeOf(deps, request, 'virtual_host', id);
        const outcome = await handlers.workspace.run(
          streams.workspace(place.workspaceId),
          id,
          { type: 'update-virtual-host', id, body: request.body, at: timestamp(clock.now()) },
          contextOf(request, deps, place),
          (state) => state.virtualHosts.get(id),
        );
        return answer(deps, outcome);
      },
    }),
    route({
      method: 'DELETE',
      path: '/v1/virtual-hosts/{virtual_host_id}',
      operationId: 'deleteVirtualHost',
      summary: 'Delete a virtual host',
      tag: 'Virtual Hosts',
      permission: 'virtual_host.delete',
      success: { status: 204 },
      idempotent: true,
      handler: async (request) => {
        const id = request.params.virtual_host_id;
        const place = await placeOf(deps, request, 'virtual_host', id);
        const outcome = await handlers.workspace.run(
          streams.workspace(place.workspaceId),
          id,
          { type: 'delete-virtual-host', id, at: timestamp(clock.now()) },
          contextOf(request, deps, place),
          () => undefined,
        );
        return answer(deps, outcome);
      },
    }),
  ];
}
