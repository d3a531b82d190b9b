// SPDX-License-Identifier: Apache-2.0
import { narrower, pageOf, type Route, route, windowOf } from '../http/index.js';
import { notFound } from '../kernel/index.js';
import { type MemberDoc, memberId } from '../projections/index.js';
import { Member, WorkspaceMember } from '../schemas/index.js';
import { listAtQuery, readAtQuery } from './history/at.js';
import { type PastScope, pageOf as pageOfAll } from './history/scope.js';
import { pick, revisionOf } from './present.js';
import { listAnswer, type Scope, type Scoped } from './scope.js';

/** Addresses are read when they are shown, so that one that is shredded is gone from everywhere. */
export interface MemberDeps {
  readonly addressOf: (userId: string) => Promise<string | undefined>;
}

type Found = readonly Scoped<MemberDoc>[];

async function addresses(
  { addressOf }: MemberDeps,
  found: Found,
): Promise<ReadonlyMap<string, string | null>> {
  const ids = found.map(({ user_id }) => user_id);
  return new Map(await Promise.all(ids.map(async (id) => [id, (await addressOf(id)) ?? null] as const)));
}

const presentMember = (doc: Scoped<MemberDoc>, email: string | null): Member => ({
  ...pick(doc, ['organization_id', 'user_id', 'role', 'created_at', 'updated_at']),
  email,
});

function presentInWorkspace(
  doc: Scoped<MemberDoc>,
  workspaceId: string,
  email: string | null,
): WorkspaceMember {
  const left = doc.workspace_roles[workspaceId];
  return {
    workspace_id: workspaceId,
    ...pick(doc, ['user_id', 'role']),
    email,
    workspace_role: left ?? null,
    effective_role: left === undefined || left === 'none' ? (left ?? doc.role) : narrower(doc.role, left),
  };
}

export const memberQueries = (scope: Scope, past: PastScope, deps: MemberDeps): Route[] => [
  route({
    method: 'GET',
    path: '/v1/organizations/{organization_id}/members',
    operationId: 'listMembers',
    summary: 'List the members of an organization, the oldest first',
    tag: 'Members',
    permission: 'member.list',
    query: listAtQuery,
    success: { status: 200, schema: pageOf(Member) },
    handler: async (request) => {
      const { offset, perPage: limit } = windowOf(request.query);
      const query = { orderBy: 'created_at', offset, limit };
      const { organization_id } = request.params;
      const then = await past.people(request, organization_id);
      const found = then
        ? pageOfAll(request, then.members, 'created_at')
        : await scope.listOfOrganization(request, 'members', organization_id, query);
      const email = await addresses(deps, found.items);
      return listAnswer(request, found, (doc) => presentMember(doc, email.get(doc.user_id) ?? null));
    },
  }),
  route({
    method: 'GET',
    path: '/v1/organizations/{organization_id}/members/{user_id}',
    operationId: 'getMember',
    summary: 'Get a member of an organization',
    tag: 'Members',
    permission: 'member.read',
    query: readAtQuery,
    success: { status: 200, schema: Member },
    handler: async (request) => {
      const { organization_id, user_id } = request.params;
      const id = memberId(organization_id, user_id);
      const then = await past.people(request, organization_id);
      const doc = then
        ? then.members.find((one) => one.id === id)
        : await scope.oneOfOrganization(request, 'members', organization_id, id);
      if (!doc) {
        throw notFound('Resource');
      }
      const email = (await deps.addressOf(user_id)) ?? null;
      return { body: presentMember(doc, email), revision: revisionOf(doc) };
    },
  }),
  route({
    method: 'GET',
    path: '/v1/workspaces/{workspace_id}/members',
    operationId: 'listWorkspaceMembers',
    summary: 'List the members of a workspace with what they may do there, also those from whom it is hidden',
    tag: 'Members',
    permission: 'workspace_member.list',
    query: listAtQuery,
    success: { status: 200, schema: pageOf(WorkspaceMember) },
    handler: async (request) => {
      const { offset, perPage: limit } = windowOf(request.query);
      const { workspace_id } = request.params;
      const query = { orderBy: 'created_at', offset, limit };
      const then = await past.peopleOfWorkspace(request, workspace_id);
      const found = then
        ? pageOfAll(request, then.members, 'created_at')
        : await scope.membersOfWorkspace(request, workspace_id, query);
      const email = await addresses(deps, found.items);
      return listAnswer(request, found, (doc) =>
        presentInWorkspace(doc, workspace_id, email.get(doc.user_id) ?? null),
      );
    },
  }),
];
