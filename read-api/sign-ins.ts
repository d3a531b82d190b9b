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
import { type Clock, notFound, type Position, timestamp } from '../kernel/index.js';
import type { AccessSession, KeySpan } from '../projections/index.js';
import { ApiKey, closed, nullable, Session, Timestamp, Type, Uuid } from '../schemas/index.js';
import { atParameter } from './history/at.js';
import { apiKeyHistory } from './history/people.js';
import { type PastScopeDeps, pastScope } from './history/scope.js';

export interface SignInQueryDeps extends PastScopeDeps {
  readonly clock: Clock;
  readonly sessionsOf: (userId: string) => readonly AccessSession[];
  /** API keys, also those that were revoked. */
  readonly keySpansOf: (userId: string) => readonly KeySpan[];
  readonly keySpan: (id: string) => KeySpan | undefined;
  /** Where a session was last used from. */
  readonly client: (sessionId: string) => Promise<Session['client'] | undefined>;
  /** When keys were last used, as far as it is known. */
  readonly lastUses: (ids: readonly string[]) => Promise<ReadonlyMap<string, string>>;
  /** Makes what the log says now count. */
  readonly fresh: () => Promise<unknown>;
}

const UsedApiKey = closed({ ...ApiKey.properties, last_used_at: nullable(Timestamp) });

const ofUserQuery = closed({ ...pagingQuery, user_id: Type.Optional(Uuid) });
const keysQuery = closed({ ...ofUserQuery.properties, ...atParameter });
const keyQuery = closed(atParameter);

/** One's own; another's for an administrator only. */
function whose({ userId, isAdmin }: Principal, asked: string | undefined): string {
  if (asked !== undefined && asked !== userId && !isAdmin) {
    throw notFound('user');
  }
  return asked ?? userId;
}

const keysAt = (spans: readonly KeySpan[], position: Position): ApiKey[] =>
  spans.flatMap(({ key, since, until }) =>
    since <= position && (until === undefined || until > position) ? key : [],
  );

/** Query routes of sessions and API keys. */
export function signInQueries(deps: SignInQueryDeps): Route[] {
  const past = pastScope(deps);
  const shown = async (keys: readonly ApiKey[], at: string | undefined): Promise<unknown[]> => {
    // Of a use only the last is known, and not whether there was one before.
    const uses = at === undefined ? await deps.lastUses(keys.map(({ id }) => id)) : new Map();
    return keys.map((key) => ({ ...key, last_used_at: uses.get(key.id) ?? null }));
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
      query: keysQuery,
      success: { status: 200, schema: pageOf(UsedApiKey) },
      errors: ['NOT_FOUND'],
      handler: async (request) => {
        const { query, principal, path } = request;
        const userId = whose(principal, query.user_id);
        await deps.fresh();
        const keys = keysAt(deps.keySpansOf(userId), await past.moment(request, {}));
        const all = newest(keys, ({ created_at }) => created_at);
        const window = windowOf(query);
        const items = await shown(all.slice(window.offset, window.offset + window.perPage), query.at);
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
      query: keyQuery,
      success: { status: 200, schema: UsedApiKey },
      handler: async (request) => {
        const { params, principal, query } = request;
        const id = params.api_key_id;
        await deps.fresh();
        const span = deps.keySpan(id);
        if (!span || (span.key.user_id !== principal.userId && !principal.isAdmin)) {
          throw notFound('API key');
        }
        const keys = keysAt([span], await past.moment(request, { apiKeyId: id }));
        if (keys.length === 0) {
          throw notFound('API key');
        }
        const [body] = await shown(keys, query.at);
        return { body };
      },
    }),
    apiKeyHistory(past),
  ];
}
