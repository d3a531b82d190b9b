// SPDX-License-Identifier: Apache-2.0
/** The one place where answers get the shape of the API that was asked. Handlers know of one shape only. */
import { type ErrorCode, timestamp } from '../kernel/index.js';
import { closed, type TSchema, Type } from '../schemas/index.js';
import type { ErrorBody } from './errors.js';

/** `nxmesh`: `/v1`, a resource as it is, a list as `{data, meta}`. `platform`: `/api/v1`, everything in an envelope. */
export type Dialect = 'nxmesh' | 'platform';

/** Also of paths that no route has, so that a refusal reads as the rest of its API. */
export const dialectOf = (path: string): Dialect => (/^\/api\/v1(\/|$)/.test(path) ? 'platform' : 'nxmesh');

export interface AnswerFacts {
  readonly requestId: string;
  /** Milliseconds since 1970. */
  readonly now: number;
}

const DONE = 'Operation completed successfully';

interface ListSchema {
  readonly properties: { readonly data: TSchema; readonly meta: TSchema };
}

/** A route that answers with a page. */
const isList = (schema: TSchema | undefined): schema is TSchema & ListSchema => {
  const properties = (schema as { properties?: Record<string, unknown> } | undefined)?.properties ?? {};
  return 'data' in properties && 'meta' in properties && 'page' in metaOf(properties.meta);
};

const metaOf = (meta: unknown): object => (meta as { properties?: object }).properties ?? {};

interface Paged {
  readonly data: readonly unknown[];
  readonly meta: {
    readonly page: number;
    readonly per_page: number;
    readonly total: number;
    readonly next_cursor?: string | null;
  };
}

function platformPage({ data, meta: { page, per_page, total, ...more } }: Paged) {
  const pages = Math.max(1, Math.ceil(total / per_page));
  return { items: data, total, page, per_page, pages, has_next: page < pages, has_prev: page > 1, ...more };
}

/** Where the list has one. */
const pickCursor = ({ next_cursor }: { next_cursor?: TSchema }): Record<string, TSchema> =>
  next_cursor ? { next_cursor } : {};

/** Makes what goes over the wire of what a route's handler gave; made once a route. */
export function shaper(
  dialect: Dialect,
  schema: TSchema | undefined,
): (body: unknown, facts: AnswerFacts) => unknown {
  if (dialect === 'nxmesh') {
    return (body) => body;
  }
  const paged = isList(schema);
  return (body, { requestId, now }) => ({
    success: true,
    data: paged ? platformPage(body as Paged) : (body ?? null),
    message: DONE,
    timestamp: timestamp(now),
    request_id: requestId,
  });
}

const count = (minimum: number): TSchema => Type.Integer({ minimum });

/** The schema of what goes over the wire. */
export function wireSchema(dialect: Dialect, schema: TSchema | undefined): TSchema | undefined {
  if (dialect === 'nxmesh') {
    return schema;
  }
  const data = isList(schema)
    ? closed({
        items: schema.properties.data,
        total: count(0),
        page: count(1),
        per_page: count(1),
        pages: count(1),
        has_next: Type.Boolean(),
        has_prev: Type.Boolean(),
        ...pickCursor(metaOf(schema.properties.meta)),
      })
    : (schema ?? Type.Null());
  return closed({
    success: Type.Literal(true),
    data,
    message: Type.String(),
    timestamp: Type.String(),
    request_id: Type.String(),
  });
}

/** The platform's own codes; one that it does not know keeps its name. */
const PLATFORM_CODES: Partial<Record<ErrorCode, string>> = {
  UNAUTHORIZED: 'AUTHENTICATION_FAILED',
  FORBIDDEN: 'AUTHORIZATION_DENIED',
  NOT_FOUND: 'RESOURCE_NOT_FOUND',
  CONFLICT: 'RESOURCE_CONFLICT',
  RATE_LIMITED: 'RATE_LIMIT_EXCEEDED',
  BAD_REQUEST: 'VALIDATION_ERROR',
};

export const codeIn = (dialect: Dialect, code: ErrorCode): string =>
  dialect === 'platform' ? (PLATFORM_CODES[code] ?? code) : code;

/** An error as the platform says it. `details` names the first fault, and all of them where there are several. */
export function platformError(
  { error }: ErrorBody,
  retryAfter: string | undefined,
  { requestId, now }: AnswerFacts,
) {
  const faults = error.details.map(({ field, message, code }) => ({ field, reason: message, code }));
  const [first] = faults;
  return {
    success: false,
    error: {
      code: codeIn('platform', error.code),
      message: error.message,
      ...(retryAfter === undefined ? {} : { retry_after: Number(retryAfter) }),
      details: first ? { field: first.field, reason: first.reason, errors: faults } : {},
    },
    timestamp: timestamp(now),
    request_id: requestId,
  };
}
