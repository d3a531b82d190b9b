// SPDX-License-Identifier: Apache-2.0
import { type Route, route } from '../http/index.js';
import { conflict, createdId, detail, streams, timestamp } from '../kernel/index.js';
import { CreateWorkspace, UpdateWorkspace, Workspace } from '../schemas/index.js';
import type { CommandContext } from './context.js';
import { answer, type CommandDeps, contextOf, placeOf, stepOf } from './request.js';
import { abandoned, stands } from './reservation.js';

/** Write routes of workspaces. */
export function workspaceCommands(deps: CommandDeps): Route[] {
  const { handlers, clock } = deps;

  const exists = (id: string): Promise<boolean> =>
    handlers.workspace.peek(streams.workspace(id), (state) => state.workspace !== undefined);
  const existed = (id: string): Promise<boolean> =>
    handlers.workspace.peek(streams.workspace(id), (state) => state.existed);

  async function reserveSlug(slug: string, workspaceId: string, context: CommandContext): Promise<void> {
    const stream = streams.organization(context.organizationId ?? '');
    const holder = await handlers.organization.peek(stream, (state) => state.workspaceSlugs.get(slug));
    const takeOver = await abandoned(holder && { id: holder.workspaceId, at: holder.at }, exists, clock);
    await handlers.organization.run(
      stream,
      workspaceId,
      { type: 'reserve-workspace-slug', slug, workspaceId, at: timestamp(clock.now()), ...takeOver },
      stepOf(context, 'reserve-slug'),
      () => undefined,
    );
    const now = await handlers.organization.peek(
      stream,
      (state) => state.workspaceSlugs.get(slug)?.workspaceId,
    );
    if (!(await stands(now, workspaceId, existed))) {
      throw conflict('The slug is taken', [detail('slug', 'DUPLICATE', 'Another workspace has this slug')]);
    }
  }

  async function releaseSlug(workspaceId: string, context: CommandContext): Promise<void> {
    const stream = streams.organization(context.organizationId ?? '');
    const slug = await handlers.organization.peek(
      stream,
      (state) => [...state.workspaceSlugs].find(([, holder]) => holder.workspaceId === workspaceId)?.[0],
    );
    if (slug !== undefined) {
      await handlers.organization.run(
        stream,
        workspaceId,
        { type: 'release-workspace-slug', slug, workspaceId, at: timestamp(clock.now()) },
        stepOf(context, 'release-slug'),
        () => undefined,
      );
    }
  }

  return [
    route({
      method: 'POST',
      path: '/v1/organizations/{organization_id}/workspaces',
      operationId: 'createWorkspace',
      summary: 'Create a workspace',
      tag: 'Workspaces',
      permission: 'workspace.create',
      body: CreateWorkspace,
      success: { status: 201, schema: Workspace },
      idempotent: true,
      handler: async (request) => {
        const organizationId = request.params.organization_id;
        request.allow(organizationId);
        const asked = contextOf(request, deps, { organizationId });
        const id = createdId(asked.commandId, 'workspace');
        const context = { ...asked, workspaceId: id };
        await reserveSlug(request.body.slug, id, context);
        const outcome = await handlers.workspace.run(
          streams.workspace(id),
          id,
          { type: 'create-workspace', id, organizationId, body: request.body, at: timestamp(clock.now()) },
          context,
          (state) => state.workspace,
        );
        return answer(deps, outcome);
      },
    }),
    route({
      method: 'PATCH',
      path: '/v1/workspaces/{workspace_id}',
      operationId: 'updateWorkspace',
      summary: 'Change a workspace',
      tag: 'Workspaces',
      permission: 'workspace.update',
      body: UpdateWorkspace,
      success: { status: 200, schema: Workspace },
      idempotent: true,
      handler: async (request) => {
        const id = request.params.workspace_id;
        const place = await placeOf(deps, request, 'workspace', id);
        const outcome = await handlers.workspace.run(
          streams.workspace(id),
          id,
          { type: 'update-workspace', body: request.body, at: timestamp(clock.now()) },
          contextOf(request, deps, place),
          (state) => state.workspace,
        );
        return answer(deps, outcome);
      },
    }),
    route({
      method: 'DELETE',
      path: '/v1/workspaces/{workspace_id}',
      operationId: 'deleteWorkspace',
      summary: 'Delete an empty workspace',
      tag: 'Workspaces',
      permission: 'workspace.delete',
      success: { status: 204 },
      errors: ['CONFLICT'],
      idempotent: true,
      handler: async (request) => {
        const id = request.params.workspace_id;
        const place = await placeOf(deps, request, 'workspace', id);
        const context = contextOf(request, deps, place);
        const at = timestamp(clock.now());
        const outcome = await handlers.workspace.run(
          streams.workspace(id),
          id,
          { type: 'delete-workspace', at },
          context,
          () => undefined,
        );
        await releaseSlug(id, context);
        return answer(deps, outcome);
      },
    }),
  ];
}
