// SPDX-License-Identifier: Apache-2.0
import { type Route, roleAt, route } from '../../http/index.js';
import { detail, invalid, NxError, timestamp } from '../../kernel/index.js';
import { closed, Timestamp, Type, Uuid } from '../../schemas/index.js';
import type { FeedDeps } from './deps.js';
import { createTickets, type Tickets } from './tickets.js';

const Ticket = closed({
  ticket: Type.String(),
  expires_at: Timestamp,
  expires_in: Type.Integer(),
  token_type: Type.Literal('Ticket'),
});

type TicketDeps = Pick<FeedDeps, 'store' | 'clock' | 'random' | 'allowedOrigins' | 'organizationOf'>;

/** Makes tickets: for the processes that take writes, since every process with the feed takes tickets of any. */
export const ticketRoutes = async (deps: TicketDeps): Promise<Route[]> =>
  routesOf(deps, await createTickets(deps));

const routesOf = ({ allowedOrigins, organizationOf }: TicketDeps, tickets: Tickets): Route[] => [
  route({
    method: 'POST',
    path: '/v1/events/tickets',
    operationId: 'createEventTicket',
    summary: 'Get a ticket that opens one WebSocket within 30 seconds',
    tag: 'Events',
    permission: 'event.subscribe',
    body: closed({ workspace_id: Type.Optional(Uuid) }),
    success: { status: 201, schema: Ticket },
    handler: async ({ principal, header, body }) => {
      const origin = header('origin');
      if (origin !== undefined && !allowedOrigins.includes(origin)) {
        throw new NxError('FORBIDDEN', 'This origin may not open the socket');
      }
      const { workspace_id: workspaceId } = body;
      if (workspaceId !== undefined) {
        const organizationId = await organizationOf(workspaceId);
        if (organizationId === undefined || !roleAt(principal, organizationId, workspaceId)) {
          throw invalid([detail('workspace_id', 'NOT_FOUND', 'There is no such workspace')]);
        }
      }
      const { ticket, expiresAt, expiresIn } = await tickets.make({
        principal,
        origin: origin ?? null,
        workspaceId: workspaceId ?? null,
      });
      return {
        body: {
          ticket: ticket.reveal(),
          expires_at: timestamp(expiresAt),
          expires_in: expiresIn,
          token_type: 'Ticket',
        },
      };
    },
  }),
];
