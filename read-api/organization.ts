// SPDX-License-Identifier: Apache-2.0
import { pageOf, type Route, route } from '../http/index.js';
import type { OrganizationDoc } from '../projections/index.js';
import { Organization } from '../schemas/index.js';
import { pick, revisionOf } from './present.js';
import { listQuery, readQuery } from './query.js';
import { listAnswer, type Scope, type Scoped } from './scope.js';

export const presentOrganization = (doc: Scoped<OrganizationDoc>): Organization =>
  pick(doc, ['id', 'name', 'slug', 'created_at', 'updated_at']);

export const organizationQueries = (scope: Scope): Route[] => [
  route({
    method: 'GET',
    path: '/v1/organizations',
    operationId: 'listOrganizations',
    summary: 'List the organizations that you have a role in, by slug',
    tag: 'Organizations',
    permission: 'organization.list',
    query: listQuery,
    success: { status: 200, schema: pageOf(Organization) },
    handler: async (request) => listAnswer(request, await scope.organizations(request), presentOrganization),
  }),
  route({
    method: 'GET',
    path: '/v1/organizations/{organization_id}',
    operationId: 'getOrganization',
    summary: 'Get an organization',
    tag: 'Organizations',
    permission: 'organization.read',
    query: readQuery,
    success: { status: 200, schema: Organization },
    handler: async (request) => {
      const doc = await scope.organization(request, request.params.organization_id);
      return { body: presentOrganization(doc), revision: revisionOf(doc) };
    },
  }),
];
