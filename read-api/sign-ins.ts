// SPDX-License-Identifier: Apache-2.0
import {
  type Principal,
  pageAnswer,
  pageOf,
  pagingQuery,
  type Route,
  route,
  windowOf,
} from '../http/index.js';
import { type Clock, notFound, timestamp } from '../kernel/index.js';
import type { AccessKey, AccessSession } from '../projections/index.js';
import { ApiKey, closed, nullable, Session, Timestamp, Type, Uuid } from '../schemas/index.js';

export interface SignInQueryDeps {
  readonly clock: Clock;
  readonly sessionsOf: (userId: string) => readonly AccessSession[];
  readonly keysOf: (userId: string) => readonly AccessKey[];
  readonly key: (id: string) => AccessKey | undefined;
  /** Where a session was last used from. */
  readonly client: (sessionId: string) => Promise<Session['client'] | undefined>;
  /** When keys were last used, as far as it is known. */
  readonly lastUses: (ids: readonly string[]) => Promise<ReadonlyMap<string, string>>;
  /** Makes what the log says now count. */
  readonly fresh: () => Promise<unknown>;
}

const UsedApiKey = closed({ ...ApiKey.properties, last_used_at: nullable(Timestamp) });

const ofUserQuery = closed({ ...pagingQuery, user_id: Type.Optional(Uuid) });

/** One's own; another's for an administrator only. */
function whose({ userId, isAdmin }: Principal, asked: string | undefined): string {
  if (asked !== undefined && asked !== userId && !isAdmin) {
    throw notFound('user');
  }
  return asked ?? userId;
}

/** Query routes of sessions and API keys. */
export function signInQueries(deps: SignInQueryDeps): Route[] {
  const shown = async (keys: readonly AccessKey[]): Promise<unknown[]> => {
    const uses = await deps.lastUses(keys.map(({ key }) => key.id));
    return keys.map(({ key }) => ({ ...key, last_used_at: uses.get(key.id) ?? null }));
  };
  const newest = <T>(items: readonly T[], at: (item: T) => string): T[] =>
    [...items].sort((a, b) => (at(a) < at(b) ? 1 : -1));

  return [
    route({
      method: 'GET',
      path: '/v1/sessions',
      operationId: 'listSessions',
      summary: 'List your open sessions, newest first; as an administrator, those of any user',
      tag: 'Authentication',
      permission: 'session.list',
      query: ofUserQuery,
      success: { status: 200, schema: pageOf(Session) },
      errors: ['NOT_FOUND'],
      handler: async ({ query, principal, path }) => {
        const userId = whose(principal, query.user_id);
        await deps.fresh();
        const now = timestamp(deps.clock.now());
        const open = deps.sessionsOf(userId).filter(({ expiresAt }) => expiresAt > now);
        const window = windowOf(query);
        const page = newest(open, ({ startedAt }) => startedAt).slice(
          window.offset,
          window.offset + window.perPage,
        );
        const items = await Promise.all(
          page.map(
            async ({ id, startedAt, refreshedAt, expiresAt }): Promise<Session> => ({
              id,
              user_id: userId,
              created_at: startedAt,
              last_refreshed_at: refreshedAt,
              expires_at: expiresAt,
              client: (await deps.client(id)) ?? null,
              current: id === principal.sessionId,
            }),
          ),
        );
        return pageAnswer({ path, query }, window, { items, total: open.length });
      },
    }),
    route({
      method: 'GET',
      path: '/v1/api-keys',
      operationId: 'listApiKeys',
      summary: 'List your API keys, newest first; as an administrator, those of any user',
      tag: 'API keys',
      permission: 'api_key.list',
      query: ofUserQuery,
      success: { status: 200, schema: pageOf(UsedApiKey) },
      errors: ['NOT_FOUND'],
      handler: async ({ query, principal, path }) => {
        const userId = whose(principal, query.user_id);
        await deps.fresh();
        const all = newest(deps.keysOf(userId), ({ key }) => key.created_at);
        const window = windowOf(query);
        const items = await shown(all.slice(window.offset, window.offset + window.perPage));
        return pageAnswer({ path, query }, window, { items, total: all.length });
      },
    }),
    route({
      method: 'GET',
      path: '/v1/api-keys/{api_key_id}',
      operationId: 'getApiKey',
      summary: 'Get an API key of yours, or of anybody as an administrator',
      tag: 'API keys',
      permission: 'api_key.read',
      success: { status: 200, schema: UsedApiKey },
      handler: async ({ params, principal }) => {
        await deps.fresh();
        const found = deps.key(params.api_key_id);
        if (!found || (found.key.user_id !== principal.userId && !principal.isAdmin)) {
          throw notFound('API key');
        }
        const [body] = await shown([found]);
        return { body };
      },
    }),
  ];
}
