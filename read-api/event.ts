// SPDX-License-Identifier: Apache-2.0
import { organizationOf, pageWithCursorOf, type Route, route, windowOf } from '../http/index.js';
import { detail, invalid } from '../kernel/index.js';
import type { CustomEventDoc } from '../projections/index.js';
import { CustomEvent, CustomEventType, closed, Type, Uuid } from '../schemas/index.js';
import { readEventCursor, writeEventCursor } from './event-page.js';
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
  /** Of the page before, instead of `page`: what is emitted meanwhile does not move it. */
  cursor: Type.Optional(Type.String({ minLength: 1, maxLength: 256, pattern: '^[A-Za-z0-9_-]+$' })),
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
    success: { status: 200, schema: pageWithCursorOf(CustomEvent) },
    errors: ['NOT_FOUND'],
    handler: async (request) => {
      const { workspace_id, type, cursor, page } = request.query;
      if (cursor !== undefined && page !== undefined) {
        throw invalid([detail('page', 'CONFLICTING_FIELDS', 'Leave it out beside cursor')]);
      }
      const behind = cursor === undefined ? undefined : readEventCursor(cursor);
      const organizationId = organizationOf(request.principal, request.query.organization_id);
      const where = {
        ...(workspace_id === undefined ? {} : { workspace_id }),
        ...(type === undefined ? {} : { type }),
      };
      const found = await scope.events(request, organizationId, where, behind);
      const window = { ...windowOf(request.query), ...(behind && { page: behind.page }) };
      const last = found.items.length < window.perPage ? undefined : found.items.at(-1);
      const next_cursor = last
        ? writeEventCursor({ ...pick(last, ['emitted_at', 'id']), page: window.page + 1, total: found.total })
        : null;
      const { headers, body } = listAnswer(request, found, present);
      const { data } = body as { data: readonly unknown[] };
      const { page: number, perPage: per_page } = window;
      return {
        // Beside a cursor, links by number would tell of other pages.
        ...(behind ? {} : { headers }),
        body: {
          data,
          meta: { page: number, per_page, total: found.total, next_cursor },
        },
      };
    },
  }),
];
