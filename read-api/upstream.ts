// SPDX-License-Identifier: Apache-2.0
import { pageOf, type Route, route } from '../http/index.js';
import type { UpstreamDoc } from '../projections/index.js';
import { ServerAddress, Upstream, UpstreamServer } from '../schemas/index.js';
import { namedAtQuery, readAtQuery } from './history/at.js';
import type { PastScope } from './history/scope.js';
import { listOf } from './list.js';
import { partQueries } from './part.js';
import { pick, revisionOf } from './present.js';
import { listAnswer, type Scope, type Scoped } from './scope.js';

export const presentUpstream = (doc: Scoped<UpstreamDoc>): Upstream =>
  pick(doc, [
    'id',
    'workspace_id',
    'name',
    'algorithm',
    'servers',
    'health_check',
    'keepalive_connections',
    'created_at',
    'updated_at',
  ]);

export const upstreamQueries = (scope: Scope, past: PastScope): Route[] => [
  route({
    method: 'GET',
    path: '/v1/workspaces/{workspace_id}/upstreams',
    operationId: 'listUpstreams',
    summary: 'List the upstreams of a workspace, by name',
    tag: 'Upstreams',
    permission: 'upstream.list',
    query: namedAtQuery,
    success: { status: 200, schema: pageOf(Upstream) },
    handler: async (request) => {
      const found = await listOf({ scope, past }, request, 'upstream', 'name', request.query.name);
      return listAnswer(request, found, presentUpstream);
    },
  }),
  route({
    method: 'GET',
    path: '/v1/upstreams/{upstream_id}',
    operationId: 'getUpstream',
    summary: 'Get an upstream',
    tag: 'Upstreams',
    permission: 'upstream.read',
    query: readAtQuery,
    success: { status: 200, schema: Upstream },
    handler: async (request) => {
      const id = request.params.upstream_id;
      const doc =
        (await past.standing(request, 'upstream', id)) ?? (await scope.one(request, 'upstreams', id));
      return { body: presentUpstream(doc), revision: revisionOf(doc) };
    },
  }),
  ...partQueries(
    { scope, past },
    {
      kind: 'upstream',
      collection: 'upstreams',
      plural: 'upstreams',
      idName: 'upstream_id',
      parts: 'servers',
      title: 'UpstreamServer',
      tag: 'Upstreams',
      permission: 'upstream.read',
      key: 'server_address',
      keySchema: ServerAddress,
      schema: UpstreamServer,
      select: (doc) => presentUpstream(doc).servers,
      isNamed: ({ address }, key) => address.toLowerCase() === key.toLowerCase(),
    },
  ),
];
