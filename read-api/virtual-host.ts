// SPDX-License-Identifier: Apache-2.0
import { pageOf, type Route, route } from '../http/index.js';
import type { VirtualHostDoc } from '../projections/index.js';
import { Location, UrlPath, VirtualHost } from '../schemas/index.js';
import { namedAtQuery, readAtQuery } from './history/at.js';
import type { PastScope } from './history/scope.js';
import { listOf } from './list.js';
import { partQueries } from './part.js';
import { pick, revisionOf } from './present.js';
import { listAnswer, type Scope, type Scoped } from './scope.js';

export const presentVirtualHost = (doc: Scoped<VirtualHostDoc>): VirtualHost =>
  pick(doc, [
    'id',
    'workspace_id',
    'name',
    'server_name',
    'listen_port',
    'ssl_enabled',
    'listens',
    'ssl_certificate_id',
    'http2_enabled',
    'http3_enabled',
    'locations',
    'custom_directives',
    'target_agents',
    'created_at',
    'updated_at',
  ]);

export const virtualHostQueries = (scope: Scope, past: PastScope): Route[] => [
  route({
    method: 'GET',
    path: '/v1/workspaces/{workspace_id}/virtual-hosts',
    operationId: 'listVirtualHosts',
    summary: 'List the virtual hosts of a workspace, by name',
    tag: 'Virtual hosts',
    permission: 'virtual_host.list',
    query: namedAtQuery,
    success: { status: 200, schema: pageOf(VirtualHost) },
    handler: async (request) => {
      const found = await listOf({ scope, past }, request, 'virtual_host', 'name', request.query.name);
      return listAnswer(request, found, presentVirtualHost);
    },
  }),
  route({
    method: 'GET',
    path: '/v1/virtual-hosts/{virtual_host_id}',
    operationId: 'getVirtualHost',
    summary: 'Get a virtual host',
    tag: 'Virtual hosts',
    permission: 'virtual_host.read',
    query: readAtQuery,
    success: { status: 200, schema: VirtualHost },
    handler: async (request) => {
      const id = request.params.virtual_host_id;
      const doc =
        (await past.standing(request, 'virtual_host', id)) ?? (await scope.one(request, 'virtual_hosts', id));
      return { body: presentVirtualHost(doc), revision: revisionOf(doc) };
    },
  }),
  ...partQueries(
    { scope, past },
    {
      kind: 'virtual_host',
      collection: 'virtual_hosts',
      plural: 'virtual-hosts',
      idName: 'virtual_host_id',
      parts: 'locations',
      title: 'Location',
      tag: 'Virtual hosts',
      permission: 'virtual_host.read',
      key: 'location_path',
      keySchema: UrlPath,
      schema: Location,
      select: (doc) => presentVirtualHost(doc).locations,
      isNamed: ({ path }, key) => path === key,
    },
  ),
];
