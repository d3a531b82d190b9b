// SPDX-License-Identifier: Apache-2.0
import { pageOf, type Route, route } from '../http/index.js';
import type { WorkspaceDoc } from '../projections/index.js';
import { Workspace } from '../schemas/index.js';
import { listAtQuery, readAtQuery } from './history/at.js';
import type { PastScope } from './history/scope.js';
import { pick, revisionOf } from './present.js';
import { listAnswer, type Scope, type Scoped } from './scope.js';

export const presentWorkspace = (doc: Scoped<WorkspaceDoc>): Workspace =>
  pick(doc, ['id', 'organization_id', 'name', 'slug', 'created_at', 'updated_at']);

export const workspaceQueries = (scope: Scope, past: PastScope): Route[] => [
  route({
    method: 'GET',
    path: '/v1/organizations/{organization_id}/workspaces',
    operationId: 'listWorkspaces',
    summary: 'List the workspaces of an organization, by slug',
    tag: 'Workspaces',
    permission: 'workspace.list',
    query: listAtQuery,
    success: { status: 200, schema: pageOf(Workspace) },
    handler: async (request) => {
      const id = request.params.organization_id;
      const found =
        (await past.standingPage(request, 'workspace', id, 'slug')) ?? (await scope.workspaces(request, id));
      return listAnswer(request, found, presentWorkspace);
    },
  }),
  route({
    method: 'GET',
    path: '/v1/workspaces/{workspace_id}',
    operationId: 'getWorkspace',
    summary: 'Get a workspace',
    tag: 'Workspaces',
    permission: 'workspace.read',
    query: readAtQuery,
    success: { status: 200, schema: Workspace },
    handler: async (request) => {
      const id = request.params.workspace_id;
      const doc = (await past.standing(request, 'workspace', id)) ?? (await scope.workspace(request, id));
      return { body: presentWorkspace(doc), revision: revisionOf(doc) };
    },
  }),
];
