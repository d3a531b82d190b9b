// SPDX-License-Identifier: Apache-2.0
import { pageOf, type Route, route } from '../http/index.js';
import type { OrganizationDoc } from '../projections/index.js';
import { Organization } from '../schemas/index.js';
import { listAtQuery, readAtQuery } from './history/at.js';
import type { PastScope } from './history/scope.js';
import { pick, revisionOf } from './present.js';
import { listAnswer, type Scope, type Scoped } from './scope.js';

export const presentOrganization = (doc: Scoped<OrganizationDoc>): Organization =>
  pick(doc, ['id', 'name', 'slug', 'created_at', 'updated_at']);

export const organizationQueries = (scope: Scope, past: PastScope): Route[] => [
  route({
    method: 'GET',
    path: '/v1/organizations',
    operationId: 'listOrganizations',
    summary: 'List the organizations that you have a role in, by slug',
    tag: 'Organizations',
    permission: 'organization.list',
    query: listAtQuery,
    success: { status: 200, schema: pageOf(Organization) },
    handler: async (request) => {
      const found = (await past.organizations(request)) ?? (await scope.organizations(request));
      return listAnswer(request, found, presentOrganization);
    },
  }),
  route({
    method: 'GET',
    path: '/v1/organizations/{organization_id}',
    operationId: 'getOrganization',
    summary: 'Get an organization',
    tag: 'Organizations',
    permission: 'organization.read',
    query: readAtQuery,
    success: { status: 200, schema: Organization },
    handler: async (request) => {
      const id = request.params.organization_id;
      const doc =
        (await past.standing(request, 'organization', id)) ?? (await scope.organization(request, id));
      return { body: presentOrganization(doc), revision: revisionOf(doc) };
    },
  }),
];
