// SPDX-License-Identifier: Apache-2.0
import type { WorkspaceCommand, WorkspaceState } from '../domain/index.js';
import type { Action } from '../http/index.js';
import { type Route, route } from '../http/index.js';
import { createdId, streams, timestamp } from '../kernel/index.js';
import type { Static, TSchema } from '../schemas/index.js';
import { answer, type CommandDeps, contextOf, placeOf } from './request.js';

/** A kind of resource that lives in a workspace, as its three write routes need it. */
export interface ResourceSpec<Create extends TSchema, Update extends TSchema> {
  readonly kind: 'upstream' | 'virtual_host';
  /** For people and operation ids: `Upstream`, `VirtualHost`. */
  readonly title: string;
  /** Last part of the path of the collection. */
  readonly plural: string;
  readonly tag: string;
  readonly permissions: { readonly create: Action; readonly update: Action; readonly remove: Action };
  readonly createBody: Create;
  readonly updateBody: Update;
  readonly schema: TSchema;
  readonly create: (id: string, body: Static<Create>, at: string) => WorkspaceCommand;
  readonly update: (id: string, body: Static<Update>, at: string) => WorkspaceCommand;
  readonly remove: (id: string, at: string) => WorkspaceCommand;
  readonly select: (state: WorkspaceState, id: string) => unknown;
}

/** POST to the collection, PATCH and DELETE of one: all of them commands on the workspace. */
export function resourceCommands<Create extends TSchema, Update extends TSchema>(
  deps: CommandDeps,
  spec: ResourceSpec<Create, Update>,
): Route[] {
  const { handlers, clock } = deps;
  const name = spec.kind.replace('_', ' ');
  const idName = `${spec.kind}_id`;
  const now = (): string => timestamp(clock.now());
  return [
    route({
      method: 'POST',
      path: `/v1/workspaces/{workspace_id}/${spec.plural}`,
      operationId: `create${spec.title}`,
      summary: `Create a resource of kind ${name}`,
      tag: spec.tag,
      permission: spec.permissions.create,
      body: spec.createBody,
      success: { status: 201, schema: spec.schema },
      idempotent: true,
      handler: async (request) => {
        const { workspace_id } = request.params as { workspace_id: string };
        const place = await placeOf(deps, request, 'workspace', workspace_id);
        const context = contextOf(request, deps, place);
        const id = createdId(context.commandId, spec.kind);
        const command = spec.create(id, request.body, now());
        const outcome = await handlers.workspace.run(
          streams.workspace(workspace_id),
          id,
          command,
          context,
          (state) => spec.select(state, id),
        );
        return answer(deps, outcome);
      },
    }),
    route({
      method: 'PATCH',
      path: `/v1/${spec.plural}/{${idName}}`,
      operationId: `update${spec.title}`,
      summary: `Change a resource of kind ${name}; lists are replaced whole`,
      tag: spec.tag,
      permission: spec.permissions.update,
      body: spec.updateBody,
      success: { status: 200, schema: spec.schema },
      idempotent: true,
      handler: async (request) => {
        const id = (request.params as Record<string, string>)[idName] ?? '';
        const place = await placeOf(deps, request, spec.kind, id);
        const command = spec.update(id, request.body, now());
        const context = contextOf(request, deps, place);
        const outcome = await handlers.workspace.run(
          streams.workspace(place.workspaceId),
          id,
          command,
          context,
          (state) => spec.select(state, id),
        );
        return answer(deps, outcome);
      },
    }),
    route({
      method: 'DELETE',
      path: `/v1/${spec.plural}/{${idName}}`,
      operationId: `delete${spec.title}`,
      summary: `Delete a resource of kind ${name} that nothing uses`,
      tag: spec.tag,
      permission: spec.permissions.remove,
      success: { status: 204 },
      errors: ['CONFLICT'],
      idempotent: true,
      handler: async (request) => {
        const id = (request.params as Record<string, string>)[idName] ?? '';
        const place = await placeOf(deps, request, spec.kind, id);
        const context = contextOf(request, deps, place);
        const outcome = await handlers.workspace.run(
          streams.workspace(place.workspaceId),
          id,
          spec.remove(id, now()),
          context,
          () => undefined,
        );
        return answer(deps, outcome);
      },
    }),
  ];
}
