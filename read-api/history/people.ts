// SPDX-License-Identifier: Apache-2.0
import { pageOf, type Route, route } from '../../http/index.js';
import type { FullRecord } from '../../projections/index.js';
import { listQuery } from '../query.js';
import { listAnswer, type Scoped } from '../scope.js';
import { HistoryEntry, presentEntry } from './history.js';
import type { PastScope } from './scope.js';

/** What a member may do in one workspace is told apart by the workspace. */
const presentOfMember = (one: Scoped<FullRecord>) => {
  const entry = presentEntry(one);
  return one.workspace_id === null
    ? entry
    : { ...entry, details: { ...entry.details, workspace_id: one.workspace_id } };
};

/** What happened to those who were let in, and to invitations, also when they are gone. */
export const peopleHistoryQueries = (past: PastScope): Route[] => [
  route({
    method: 'GET',
    path: '/v1/organizations/{organization_id}/members/{user_id}/history',
    operationId: 'getMemberHistory',
    summary: 'What happened to a membership, with its narrowings in workspaces, newest first',
    tag: 'History',
    permission: 'member.read',
    query: listQuery,
    success: { status: 200, schema: pageOf(HistoryEntry) },
    handler: async (request) => {
      const { organization_id, user_id } = request.params;
      const kinds = ['member', 'workspace_role'];
      const found = await past.historyOf(request, user_id, organization_id, kinds);
      return listAnswer(request, found, presentOfMember);
    },
  }),
  route({
    method: 'GET',
    path: '/v1/organizations/{organization_id}/invitations/{invitation_id}/history',
    operationId: 'getInvitationHistory',
    summary: 'What happened to an invitation, newest first',
    tag: 'History',
    permission: 'invitation.list',
    query: listQuery,
    success: { status: 200, schema: pageOf(HistoryEntry) },
    handler: async (request) => {
      const { organization_id, invitation_id } = request.params;
      const found = await past.historyOf(request, invitation_id, organization_id, ['invitation']);
      return listAnswer(request, found, presentEntry);
    },
  }),
];

/** The same of keys, which are a person's own. */
export const apiKeyHistory = (past: PastScope): Route =>
  route({
    method: 'GET',
    path: '/v1/api-keys/{api_key_id}/history',
    operationId: 'getApiKeyHistory',
    summary: 'What happened to an API key of yours, or of anybody as an administrator, newest first',
    tag: 'History',
    permission: 'api_key.read',
    query: listQuery,
    success: { status: 200, schema: pageOf(HistoryEntry) },
    handler: async (request) => {
      const { principal, params } = request;
      const found = await past.historyOf(
        request,
        params.api_key_id,
        undefined,
        ['api_key'],
        (records) =>
          principal.isAdmin || records.some(({ after }) => after?.['user_id'] === principal.userId),
      );
      return listAnswer(request, found, presentEntry);
    },
  });
