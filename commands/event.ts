// SPDX-License-Identifier: Apache-2.0
import { organizationOf, type Route, route } from '../http/index.js';
import { createdId, digestOf, notFound, streams, timestamp } from '../kernel/index.js';
import { CustomEvent, closed, EmitEvent, Type, Uuid } from '../schemas/index.js';
import { answer, type CommandDeps, contextOf, organizationExists, placeOf } from './request.js';

/** Events of programs. Each has a stream of its own, so that those who emit never wait for each other. */
export function eventCommands(deps: CommandDeps): Route[] {
  const { handlers, clock } = deps;

  return [
    route({
      method: 'POST',
      path: '/v1/events',
      operationId: 'emitEvent',
      summary: 'Emit an event of your own, for all who subscribe to it',
      tag: 'Events',
      permission: 'event.emit',
      query: closed({ organization_id: Type.Optional(Uuid) }),
      body: EmitEvent,
      success: { status: 201, schema: CustomEvent },
      errors: ['NOT_FOUND'],
      idempotent: true,
      handler: async (request) => {
        const { query, principal } = request;
        // The right comes before the body, where the address says which organization it is about.
        if (query.organization_id !== undefined) {
          request.allow(query.organization_id);
        }
        const { body } = request;
        const { workspace_id: workspaceId } = body;
        const within = workspaceId && (await placeOf(deps, request, 'workspace', workspaceId));
        const organizationId = organizationOf(
          principal,
          query.organization_id,
          body.organization_id,
          within ? within.organizationId : undefined,
        );
        request.allow(organizationId, workspaceId);
        if (principal.isAdmin && !(await organizationExists(deps, organizationId))) {
          throw notFound('organization');
        }
        const place = { organizationId, ...(workspaceId === undefined ? {} : { workspaceId }) };
        // The organization may stand in the address, which the same key must not be used for twice either.
        const asked = {
          ...contextOf(request, deps, place),
          digest: digestOf({ path: request.path, body, organizationId }),
        };
        const id = createdId(asked.commandId, 'custom_event');
        const outcome = await handlers.custom_event.run(
          streams.custom_event(id),
          id,
          {
            type: 'emit',
            event: {
              custom_event_id: id,
              organization_id: organizationId,
              workspace_id: workspaceId ?? null,
              type: body.type,
              data: body.data ?? {},
              at: timestamp(clock.now()),
            },
          },
          asked,
          ({ emitted }) =>
            emitted && {
              id,
              organization_id: emitted.organization_id,
              workspace_id: emitted.workspace_id,
              type: emitted.type,
              data: emitted.data,
              emitted_at: emitted.at,
            },
        );
        return answer(deps, outcome);
      },
    }),
  ];
}
