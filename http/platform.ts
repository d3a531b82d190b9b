// SPDX-License-Identifier: Apache-2.0
import { closed, ReplaceMe, ReplaceUser, type TSchema } from '../schemas/index.js';
import type { Method, Route } from './route.js';

/** Where an operation of `/v1` is found on the platform's API. */
interface Place {
  readonly method: Method;
  readonly path: string;
  /** Of a PUT: the resource whole, and what a member that may be left out then is. */
  readonly whole?: { readonly body: TSchema; readonly leftOut: Readonly<Record<string, unknown>> };
}

/**
 * The platform's API: operation of `/v1` → its place there. The route is made from that of `/v1`, with the same handler,
 * permission and schemas; a PUT takes the whole of what `/v1` changes in part with PATCH.
 */
export const PLATFORM: Readonly<Record<string, Place>> = {
  getStatus: { method: 'GET', path: '/api/v1/status' },
  emitEvent: { method: 'POST', path: '/api/v1/events' },
  listEvents: { method: 'GET', path: '/api/v1/events' },
  login: { method: 'POST', path: '/api/v1/auth/login' },
  refreshSession: { method: 'POST', path: '/api/v1/auth/refresh' },
  logout: { method: 'POST', path: '/api/v1/auth/logout' },
  listUsers: { method: 'GET', path: '/api/v1/users' },
  createUser: { method: 'POST', path: '/api/v1/users' },
  getMe: { method: 'GET', path: '/api/v1/users/me' },
  updateMe: {
    method: 'PUT',
    path: '/api/v1/users/me',
    whole: { body: ReplaceMe, leftOut: { full_name: null } },
  },
  changePassword: { method: 'POST', path: '/api/v1/users/me/change-password' },
  getUser: { method: 'GET', path: '/api/v1/users/{user_id}' },
  updateUser: {
    method: 'PUT',
    path: '/api/v1/users/{user_id}',
    whole: { body: ReplaceUser, leftOut: { full_name: null } },
  },
  deleteUser: { method: 'DELETE', path: '/api/v1/users/{user_id}' },
  listApiKeys: { method: 'GET', path: '/api/v1/api-keys' },
  createApiKey: { method: 'POST', path: '/api/v1/api-keys' },
  getApiKey: { method: 'GET', path: '/api/v1/api-keys/{api_key_id}' },
  revokeApiKey: { method: 'DELETE', path: '/api/v1/api-keys/{api_key_id}' },
};

/** The platform's routes for those of `/v1` that are in this process. */
export const platformRoutes = (
  routes: readonly Route[],
  table: Readonly<Record<string, Place>> = PLATFORM,
): Route[] =>
  routes.flatMap((one) => {
    const place = Object.hasOwn(table, one.operationId) ? table[one.operationId] : undefined;
    return place ? [twin(one, place)] : [];
  });

const perPage = (query: Route['query']): unknown =>
  (query as { properties?: Record<string, unknown> } | undefined)?.properties?.['per_page'];

function twin(one: Route, { method, path, whole }: Place): Route {
  const limit = perPage(one.query);
  const name = one.operationId;
  return {
    ...one,
    method,
    path,
    dialect: 'platform',
    operationId: `platform${name.charAt(0).toUpperCase()}${name.slice(1)}`,
    tag: 'Platform',
    // Its answers always have a body.
    success: { ...one.success, status: one.success.status === 204 ? 200 : one.success.status },
    ...(limit === undefined
      ? {}
      : { query: withLimit(one), handler: (request) => one.handler(paged(request)) }),
    ...(whole && {
      body: whole.body,
      handler: (request) =>
        one.handler({ ...request, body: { ...whole.leftOut, ...(request.body as object) } }),
    }),
  };
}

/** The platform says `limit` where `/v1` says `per_page`; it takes both. */
function withLimit(one: Route): NonNullable<Route['query']> {
  const { properties } = one.query as unknown as { properties: Record<string, TSchema> };
  return closed({ ...properties, limit: properties['per_page'] as TSchema });
}

type AnyRequest = Parameters<Route['handler']>[0];

function paged(request: AnyRequest): AnyRequest {
  const { limit, ...query } = request.query as Record<string, unknown>;
  return limit === undefined ? request : { ...request, query: { ...query, per_page: limit } };
}
