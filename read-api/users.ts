// SPDX-License-Identifier: Apache-2.0
import { pageAnswer, pageOf, pagingQuery, type Route, route, windowOf } from '../http/index.js';
import { notFound, unavailable } from '../kernel/index.js';
import { type Directory, type Person, USER_SORTS } from '../projections/index.js';
import { closed, oneOf, Type, User } from '../schemas/index.js';

export interface UserQueryDeps {
  readonly directory: Directory;
}

const FRESH_MS = 2000;

const listUsersQuery = closed({
  ...pagingQuery,
  search: Type.Optional(Type.String({ maxLength: 100 })),
  sort: Type.Optional(oneOf(...USER_SORTS)),
  order: Type.Optional(oneOf('asc', 'desc')),
});

/** Query routes of users: what the log says now, by the directory of this process. */
export function userQueries({ directory }: UserQueryDeps): Route[] {
  async function now(): Promise<Directory> {
    if (!(await directory.fresh(FRESH_MS))) {
      throw unavailable('The users cannot be read yet');
    }
    return directory;
  }

  async function one(id: string) {
    const person: Person | undefined = (await now()).get(id);
    if (!person) {
      throw notFound('user');
    }
    return { body: person.user, revision: person.revision };
  }

  return [
    route({
      method: 'GET',
      path: '/v1/users',
      operationId: 'listUsers',
      summary:
        'List users: search in names and addresses, newest first, and in descending order, unless asked otherwise',
      tag: 'Users',
      permission: 'user.list',
      query: listUsersQuery,
      success: { status: 200, schema: pageOf(User) },
      handler: async ({ query, path }) => {
        const window = windowOf(query);
        const { items, total } = (await now()).find({
          ...(query.search === undefined ? {} : { search: query.search }),
          sort: query.sort ?? 'created_at',
          descending: query.order !== 'asc',
          offset: window.offset,
          limit: window.perPage,
        });
        return pageAnswer({ path, query }, window, { items: items.map(({ user }) => user), total });
      },
    }),
    // Before the route with an id in the same place.
    route({
      method: 'GET',
      path: '/v1/users/me',
      operationId: 'getMe',
      summary: 'Get your own user',
      tag: 'Users',
      permission: 'me.read',
      success: { status: 200, schema: User },
      handler: ({ principal }) => one(principal.userId),
    }),
    route({
      method: 'GET',
      path: '/v1/users/{user_id}',
      operationId: 'getUser',
      summary: 'Get a user',
      tag: 'Users',
      permission: 'user.read',
      success: { status: 200, schema: User },
      handler: ({ params }) => one(params.user_id),
    }),
  ];
}
