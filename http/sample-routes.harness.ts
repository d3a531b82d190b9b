// SPDX-License-Identifier: Apache-2.0
import { conflict, invalid, notFound, unavailable } from '../kernel/index.js';
import { CreateUpstream, closed, Type, UpdateUpstream, Uuid } from '../schemas/index.js';
import { newId } from './http.harness.js';
import { meetsIfMatch, preconditionFailed } from './preconditions.js';
import { type Route, route } from './route.js';

const Sample = closed({ id: Uuid, name: Type.String() });

export interface Samples {
  readonly routes: readonly Route[];
  /** Workspace → its organization. */
  readonly workspaces: Map<string, string>;
  readonly upstreams: Map<string, { workspace: string; name: string; revision: bigint }>;
  /** What `GET /v1/fault` throws next. */
  fault: { next: unknown };
  /** Last request that a handler saw. */
  seen: { idempotencyKey?: string | undefined; body?: unknown };
}

/** A small table with one route of each kind, as the rooms of the commands and queries write theirs. */
export function sampleRoutes(): Samples {
  const workspaces = new Map<string, string>();
  const upstreams: Samples['upstreams'] = new Map();
  const fault: Samples['fault'] = { next: undefined };
  const seen: Samples['seen'] = {};
  const organizationOf = (workspace: string | undefined): string => {
    const organization = workspaces.get(workspace ?? '');
    if (organization === undefined) {
      throw notFound('Workspace');
    }
    return organization;
  };
  const common = { tag: 'upstreams', success: { status: 200, schema: Sample } };
  const routes = [
    route({
      ...common,
      method: 'POST',
      path: '/v1/workspaces/{workspace_id}/upstreams',
      operationId: 'createUpstream',
      summary: 'Create an upstream',
      permission: 'upstream.create',
      body: CreateUpstream,
      success: { status: 201, schema: Sample },
      idempotent: true,
      handler: async ({ params, body, allow, idempotencyKey }) => {
        allow(organizationOf(params.workspace_id));
        const id = newId();
        Object.assign(seen, { idempotencyKey, body });
        if ([...upstreams.values()].some((one) => one.name === body.name)) {
          throw conflict('An upstream has this name');
        }
        if (body.servers.length === 0) {
          throw invalid([{ field: 'servers', code: 'TOO_SHORT', message: 'Needs a server' }]);
        }
        upstreams.set(id, { workspace: params.workspace_id, name: body.name, revision: 7n });
        return { body: { id, name: body.name }, revision: 7n, position: 41n };
      },
    }),
    route({
      ...common,
      method: 'GET',
      path: '/v1/upstreams/{upstream_id}',
      operationId: 'getUpstream',
      summary: 'Get an upstream',
      permission: 'upstream.read',
      handler: ({ params, allow }) => {
        const found = upstreams.get(params.upstream_id);
        allow(organizationOf(found?.workspace));
        return { body: { id: params.upstream_id, name: found?.name }, revision: found?.revision ?? 0n };
      },
    }),
    route({
      ...common,
      method: 'PATCH',
      path: '/v1/upstreams/{upstream_id}',
      operationId: 'updateUpstream',
      summary: 'Update an upstream',
      permission: 'upstream.update',
      body: UpdateUpstream,
      handler: ({ params, body, allow, ifMatch }) => {
        const found = upstreams.get(params.upstream_id);
        allow(organizationOf(found?.workspace));
        if (!meetsIfMatch(ifMatch, found?.revision)) {
          throw preconditionFailed();
        }
        const name = body.name ?? found?.name ?? '';
        const revision = (found?.revision ?? 0n) + 1n;
        upstreams.set(params.upstream_id, { workspace: found?.workspace ?? '', name, revision });
        return { body: { id: params.upstream_id, name }, revision };
      },
    }),
    route({
      ...common,
      method: 'DELETE',
      path: '/v1/upstreams/{upstream_id}',
      operationId: 'deleteUpstream',
      summary: 'Delete an upstream',
      permission: 'upstream.delete',
      success: { status: 204 },
      handler: ({ params, allow }) => {
        allow(organizationOf(upstreams.get(params.upstream_id)?.workspace));
        upstreams.delete(params.upstream_id);
        return { position: 42n };
      },
    }),
    route({
      method: 'POST',
      path: '/v1/organizations',
      operationId: 'createOrganization',
      summary: 'Administrators only',
      tag: 'organizations',
      permission: 'organization.create',
      success: { status: 201 },
      handler: () => ({ body: {} }),
    }),
    route({
      method: 'GET',
      path: '/v1/organizations',
      operationId: 'listOrganizations',
      summary: 'Anyone who is signed in',
      tag: 'organizations',
      permission: 'organization.list',
      query: closed({ page: Type.Optional(Type.Integer({ minimum: 1 })) }),
      success: { status: 200 },
      handler: ({ query }) => ({ body: query }),
    }),
    route({
      method: 'GET',
      path: '/v1/fault',
      operationId: 'getFault',
      summary: 'Fails as told',
      tag: 'meta',
      permission: 'public',
      success: { status: 200 },
      handler: () => {
        throw fault.next ?? unavailable('not now');
      },
    }),
    route({
      method: 'GET',
      path: '/v1/organizations/{organization_id}/forgetful',
      operationId: 'forget',
      summary: 'A handler that forgets to ask',
      tag: 'meta',
      permission: 'organization.read',
      success: { status: 200 },
      handler: () => ({ body: { secret: 'leaked' } }),
    }),
  ];
  return { routes, workspaces, upstreams, fault, seen };
}
