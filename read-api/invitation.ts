// SPDX-License-Identifier: Apache-2.0
import { pageOf, type Route, route, windowOf } from '../http/index.js';
import { type Clock, timestamp } from '../kernel/index.js';
import { OpenInvitation } from '../schemas/index.js';
import { listAtQuery } from './history/at.js';
import { type PastScope, pageOf as pageOfAll } from './history/scope.js';
import { pick } from './present.js';
import { listAnswer, type Scope } from './scope.js';

export interface InvitationDeps {
  readonly clock: Clock;
  readonly invitedAddress: (invitationId: string) => Promise<string | undefined>;
}

export const invitationQueries = (
  scope: Scope,
  past: PastScope,
  { clock, invitedAddress }: InvitationDeps,
): Route[] => [
  route({
    method: 'GET',
    path: '/v1/organizations/{organization_id}/invitations',
    operationId: 'listInvitations',
    summary: 'List the invitations that nobody has accepted or revoked, the newest first',
    tag: 'Members',
    permission: 'invitation.list',
    query: listAtQuery,
    success: { status: 200, schema: pageOf(OpenInvitation) },
    handler: async (request) => {
      const { offset, perPage: limit } = windowOf(request.query);
      const query = { orderBy: 'created_at', descending: true, offset, limit };
      const { organization_id } = request.params;
      const then = await past.people(request, organization_id);
      const found = then
        ? pageOfAll(request, then.invitations, 'created_at', { descending: true })
        : await scope.listOfOrganization(request, 'invitations', organization_id, query);
      const ids = found.items.map(({ id }) => id);
      const email = new Map(
        await Promise.all(ids.map(async (id) => [id, await invitedAddress(id)] as const)),
      );
      const time = then?.time ?? timestamp(clock.now());
      return listAnswer(request, found, (doc) => ({
        ...pick(doc, ['id', 'organization_id', 'role', 'invited_by', 'created_at', 'expires_at']),
        email: email.get(doc.id) ?? null,
        state: doc.expires_at > time ? 'pending' : 'expired',
      }));
    },
  }),
];
