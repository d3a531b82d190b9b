// SPDX-License-Identifier: Apache-2.0
import { organizationOf, pageOf, type Route, route } from '../http/index.js';
import type { CustomEventDoc } from '../projections/index.js';
import { CustomEvent, CustomEventType, closed, Type, Uuid } from '../schemas/index.js';
import { pick } from './present.js';
import { listQueryParameters } from './query.js';
import { listAnswer, type Scope, type Scoped } from './scope.js';

const present = (doc: Scoped<CustomEventDoc>): CustomEvent => ({
  ...pick(doc, ['id', 'organization_id', 'workspace_id', 'type', 'emitted_at']),
  data: JSON.parse(doc.data) as CustomEvent['data'],
});

const eventsQuery = closed({
  ...listQueryParameters,
  organization_id: Type.Optional(Uuid),
  workspace_id: Type.Optional(Uuid),
  type: Type.Optional(CustomEventType),
});

/** Events of programs, which the log keeps among its own. */
export const eventQueries = (scope: Scope): Route[] => [
  route({
    method: 'GET',
    path: '/v1/events',
    operationId: 'listEvents',
    summary: 'List the events that programs have emitted, the newest first',
    tag: 'Events',
    permission: 'event.list',
    query: eventsQuery,
    success: { status: 200, schema: pageOf(CustomEvent) },
    errors: ['NOT_FOUND'],
    handler: async (request) => {
      const { workspace_id, type } = request.query;
      const organizationId = organizationOf(request.principal, request.query.organization_id);
      const where = {
        ...(workspace_id === undefined ? {} : { workspace_id }),
        ...(type === undefined ? {} : { type }),
      };
      const found = await scope.events(request, organizationId, where);
      return listAnswer(request, found, present);
    },
  }),
];
