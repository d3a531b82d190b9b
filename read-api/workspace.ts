// SPDX-License-Identifier: Apache-2.0
import { pageOf, type Route, route } from '../http/index.js';
import type { WorkspaceDoc } from '../projections/index.js';
import { Workspace } from '../schemas/index.js';
import { pick, revisionOf } from './present.js';
import { listQuery, readQuery } from './query.js';
import { listAnswer, type Scope, type Scoped } from './scope.js';

export const presentWorkspace = (doc: Scoped<WorkspaceDoc>): Workspace =>
  pick(doc, ['id', 'organization_id', 'name', 'slug', 'created_at', 'updated_at']);

export const workspaceQueries = (scope: Scope): Route[] => [
  route({
    method: 'GET',
    path: '/v1/organizations/{organization_id}/workspaces',
    operationId: 'listWorkspaces',
    summary: 'List the workspaces of an organization, by slug',
    tag: 'Workspaces',
    permission: 'workspace.list',
    query: listQuery,
    success: { status: 200, schema: pageOf(Workspace) },
    handler: async (request) =>
      listAnswer(request, await scope.workspaces(request, request.params.organization_id), presentWorkspace),
  }),
  route({
    method: 'GET',
    path: '/v1/workspaces/{workspace_id}',
    operationId: 'getWorkspace',
    summary: 'Get a workspace',
    tag: 'Workspaces',
    permission: 'workspace.read',
    query: readQuery,
    success: { status: 200, schema: Workspace },
    handler: async (request) => {
      const doc = await scope.workspace(request, request.params.workspace_id);
      return { body: presentWorkspace(doc), revision: revisionOf(doc) };
    },
  }),
];
