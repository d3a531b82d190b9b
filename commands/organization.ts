// SPDX-License-Identifier: Apache-2.0
import { type Route, route } from '../http/index.js';
import { conflict, createdId, detail, streams, timestamp } from '../kernel/index.js';
import { CreateOrganization, Organization, UpdateOrganization } from '../schemas/index.js';
import type { CommandContext } from './context.js';
import { answer, type CommandDeps, contextOf, organizationExists, stepOf } from './request.js';
import { abandoned, stands } from './reservation.js';

/** Write routes of organizations. */
export function organizationCommands(deps: CommandDeps): Route[] {
  const { handlers, clock } = deps;

  async function reserveSlug(slug: string, organizationId: string, context: CommandContext): Promise<void> {
    const stream = streams.slug(slug);
    const holder = await handlers.slug.peek(stream, (state) => state.holder);
    const takeOver = await abandoned(holder && { id: holder.organizationId, at: holder.at }, exists, clock);
    const at = timestamp(clock.now());
    await handlers.slug.run(
      stream,
      organizationId,
      { type: 'reserve', slug, organizationId, at, ...takeOver },
      stepOf(context, 'reserve-slug'),
      () => undefined,
    );
    const now = await handlers.slug.peek(stream, (state) => state.holder?.organizationId);
    if (!(await stands(now, organizationId, existed))) {
      throw conflict('The slug is taken', [
        detail('slug', 'DUPLICATE', 'Another organization has this slug'),
      ]);
    }
  }

  const existed = (id: string): Promise<boolean> =>
    handlers.organization.peek(streams.organization(id), (state) => state.existed);
  const exists = (id: string): Promise<boolean> => organizationExists(deps, id);

  const workspaceExists = (id: string): Promise<boolean> =>
    handlers.workspace.peek(streams.workspace(id), (state) => state.workspace !== undefined);

  /** Slugs of workspaces that never came to be or are gone must not keep their organization for ever. */
  async function releaseAbandoned(stream: string, context: CommandContext, at: string): Promise<void> {
    const held = await handlers.organization.peek(stream, (state) => [...state.workspaceSlugs]);
    for (const [slug, { workspaceId, at: since }] of held) {
      const found = await abandoned({ id: workspaceId, at: since }, workspaceExists, clock);
      if (found.abandoned === undefined) {
        return;
      }
      await handlers.organization.run(
        stream,
        workspaceId,
        { type: 'release-workspace-slug', slug, workspaceId, at },
        stepOf(context, `release-slug ${slug}`),
        () => undefined,
      );
    }
  }

  return [
    route({
      method: 'POST',
      path: '/v1/organizations',
      operationId: 'createOrganization',
      summary: 'Create an organization',
      tag: 'Organizations',
      permission: 'organization.create',
      body: CreateOrganization,
      success: { status: 201, schema: Organization },
      idempotent: true,
      handler: async (request) => {
        const asked = contextOf(request, deps);
        const id = createdId(asked.commandId, 'organization');
        const context = { ...asked, organizationId: id };
        // Once it was made, the slug is its own; whether this is the same request is for its own stream to say.
        if (!(await existed(id))) {
          await reserveSlug(request.body.slug, id, context);
        }
        const outcome = await handlers.organization.run(
          streams.organization(id),
          id,
          {
            type: 'create-organization',
            id,
            body: request.body,
            ownerId: request.principal.userId,
            at: timestamp(clock.now()),
          },
          context,
          (state) => state.organization,
        );
        return answer(deps, outcome);
      },
    }),
    route({
      method: 'PATCH',
      path: '/v1/organizations/{organization_id}',
      operationId: 'updateOrganization',
      summary: 'Change an organization',
      tag: 'Organizations',
      permission: 'organization.update',
      body: UpdateOrganization,
      success: { status: 200, schema: Organization },
      idempotent: true,
      handler: async (request) => {
        const id = request.params.organization_id;
        request.allow(id);
        const outcome = await handlers.organization.run(
          streams.organization(id),
          id,
          { type: 'update-organization', body: request.body, at: timestamp(clock.now()) },
          contextOf(request, deps, { organizationId: id }),
          (state) => state.organization,
        );
        return answer(deps, outcome);
      },
    }),
    route({
      method: 'DELETE',
      path: '/v1/organizations/{organization_id}',
      operationId: 'deleteOrganization',
      summary: 'Delete an organization that has no workspaces',
      tag: 'Organizations',
      permission: 'organization.delete',
      success: { status: 204 },
      errors: ['CONFLICT'],
      idempotent: true,
      handler: async (request) => {
        const id = request.params.organization_id;
        request.allow(id);
        const stream = streams.organization(id);
        const context = contextOf(request, deps, { organizationId: id });
        const slug = await handlers.organization.peek(stream, (state) => state.organization?.slug);
        const at = timestamp(clock.now());
        await releaseAbandoned(stream, context, at);
        const outcome = await handlers.organization.run(
          stream,
          id,
          { type: 'delete-organization', at },
          context,
          () => undefined,
        );
        if (slug !== undefined) {
          await handlers.slug.run(
            streams.slug(slug),
            id,
            { type: 'release', slug, organizationId: id, at },
            stepOf(context, 'release-slug'),
            () => undefined,
          );
        }
        return answer(deps, outcome);
      },
    }),
  ];
}
