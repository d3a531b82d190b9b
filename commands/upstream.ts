import { type Route, route } from '../http/index.js';
import { createdId, streams, timestamp } from '../kernel/index.js';
import { CreateUpstream, UpdateUpstream, Upstream } from '../schemas/index.js';
import { answer, type CommandDeps, contextOf, placeOf } from './request.js';

/** Write routes of upstreams. */
export function upstreamCommands(deps: CommandDeps): Route[] {
  const { handlers, clock } = deps;
  return [
    route({
      method: 'POST',
      path: '/v1/workspaces/{workspace_id}/upstreams',
      operationId: 'createUpstream',
      summary: 'Create an upstream',
      tag: 'Upstreams',
      permission: 'upstream.create',
      body: CreateUpstream,
      success: { status: 201, schema: Upstream },
      idempotent: true,
      handler: async (request) => {
        const place = await placeOf(deps, request, 'workspace', request.params.workspace_id);
        const context = contextOf(request, deps, place);
        const id = createdId(context.commandId, 'upstream');
        const outcome = await handlers.workspace.run(
          streams.workspace(place.workspaceId),
          id,
          { type: 'create-upstream', id, body: request.body, at: timestamp(clock.now()) },
          context,
          (state) => state.upstreams.get(id),
        );
        return answer(deps, outcome);
      },
    }),
    route({
      method: 'PATCH',
      path: '/v1/upstreams/{upstream_id}',
      operationId: 'updateUpstream',
      summary: 'Change an upstream; `servers` replaces the whole list',
      tag: 'Upstreams',
      permission: 'upstream.update',
      body: UpdateUpstream,
      success: { status: 200, schema: Upstream },
      idempotent: true,
      handler: async (request) => {
        const id = request.params.upstream_id;
        const place = await placeOf(deps, request, 'upstream', id);
        const outcome = await handlers.workspace.run(
          streams.workspace(place.workspaceId),
          id,
          { type: 'update-upstream', id, body: request.body, at: timestamp(clock.now()) },
          contextOf(request, deps, place),
          (state) => state.upstreams.get(id),
        );
        return answer(deps, outcome);
      },
    }),
    route({
      method: 'DELETE',
      path: '/v1/upstreams/{upstream_id}',
      operationId: 'deleteUpstream',
      summary: 'Delete an upstream that no virtual host uses',
      tag: 'Upstreams',
      permission: 'upstream.delete',
      success: { status: 204 },
      errors: ['CONFLICT'],
      idempotent: true,
      handler: async (request) => {
        const id = request.params.upstream_id;
        const place = await placeOf(deps, request, 'upstream', id);
        const outcome = await handlers.workspace.run(
          streams.workspace(place.workspaceId),
          id,
          { type: 'delete-upstream', id, at: timestamp(clock.now()) },
          contextOf(request, deps, place),
          () => undefined,
        );
        return answer(deps, outcome);
      },
    }),
  ];
}
