// SPDX-License-Identifier: Apache-2.0
import type { ErrorCode } from '../kernel/index.js';
import type { Static, TSchema } from '../schemas/index.js';
import type { Grant, Principal } from './authorize.js';
import { type Dialect, dialectOf } from './dialect.js';
import type { Multipart } from './multipart.js';
import type { Action } from './policy.js';
import type { IfMatch } from './preconditions.js';
import type { Prefer } from './prefer.js';

export const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;
export type Method = (typeof METHODS)[number];

/** `'/v1/workspaces/{workspace_id}'` → `{workspace_id: string}`. */
export type PathParams<Path extends string> = Path extends `${string}{${infer Name}}${infer Rest}`
  ? { readonly [K in Name]: string } & PathParams<Rest>
  : unknown;

/** What a handler gets: checked data, nothing of the web framework. */
export interface HandlerRequest<Params = Record<string, string>, Query = unknown, Body = unknown> {
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  readonly principal: Principal;
  readonly requestId: string;
  /** Given by the caller and well-formed; undefined where the route does not take one. */
  readonly idempotencyKey: string | undefined;
  /** From `If-Match`: the revisions that the caller accepts; `*` is any that exists. */
  readonly ifMatch: IfMatch | undefined;
  /** From the `NxMesh-Position` header: the caller has seen this position and wants nothing older. */
  readonly position: bigint | undefined;
  /** What the caller wishes of long work. */
  readonly prefer: Prefer;
  /** Path with the parameters filled in, made from the route's pattern. */
  readonly path: string;
  /** The caller's network: an IPv4 address or an IPv6 /64, as the socket shows it. */
  readonly network: string;
  /** A header field by its name in lower case. What it says is the caller's word. */
  readonly header: (name: string) => string | undefined;
  /** Aborts when the caller has gone. */
  readonly signal: AbortSignal;
  /**
   * Decides the route's permission on the organization and the workspace that the resource belongs to, and gives the
   * proof. A handler of an action that is decided on an organization must ask before it answers: without it the answer
   * is withheld. NOT_FOUND when the principal has no role there, FORBIDDEN when the role is too low.
   */
  readonly allow: (organizationId: string, workspaceId?: string) => Grant;
}

export interface HandlerResult {
  /** The route's success status when left out. */
  readonly status?: number;
  /** A JSON value. */
  readonly body?: unknown;
  /**
   * Instead of a JSON value: a text or bytes of this type, or a source of them, read as fast as the caller takes it and
   * given back when it has gone. A source that waits for long must heed the request's `signal`; one that fails cuts the
   * connection.
   */
  readonly content?: {
    readonly type: string;
    readonly data: string | Uint8Array | AsyncIterable<string | Uint8Array>;
  };
  /** Revision of the one resource in the body: becomes `ETag`. */
  readonly revision?: bigint;
  /** The body also holds what its revision does not cover (health): `If-None-Match` is not answered with 304. */
  readonly volatile?: boolean;
  /** Position that a write got, or that a read has seen: becomes `NxMesh-Position`. */
  readonly position?: bigint;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * A route as data. Validation, permission, OpenAPI, 405 with `Allow` and the tests of all of these are made from it.
 * Path parameters are lower-case UUIDs unless `params` says otherwise; any other value is answered as an unknown id.
 */
export interface RouteSpec<Path extends string, Query extends TSchema, Body extends TSchema> {
  readonly method: Method;
  readonly path: Path;
  readonly operationId: string;
  readonly summary: string;
  readonly tag: string;
  readonly permission: Action | 'public';
  /** Needs no credentials when it is asked from this machine itself, not through a proxy on it. */
  readonly openTo?: 'loopback';
  /** Schemas of path parameters that are not UUIDs; their values stay strings. */
  readonly params?: Readonly<Record<string, TSchema>>;
  /** Object schema with properties of string, integer, boolean or enum type. */
  readonly query?: Query;
  readonly body?: Body;
  /** The body can also come as `multipart/form-data`: these are its parts. */
  readonly multipart?: Multipart;
  /** How answers and errors are shaped; from the path when left out. */
  readonly dialect?: Dialect;
  readonly success: {
    readonly status: number;
    readonly description?: string;
    /** Of the handler's body. */
    readonly schema?: TSchema;
    /** Media type where the handler gives `content`. */
    readonly contentType?: string;
  };
  /** Codes besides those that follow from the rest of the route (`errorsOf`). */
  readonly errors?: readonly ErrorCode[];
  /** Takes an `Idempotency-Key`. */
  readonly idempotent?: boolean;
  /** A POST that changes a resource which is there: takes `If-Match`, as every other change does. */
  readonly ifMatch?: boolean;
  /** False: not counted by the general rate limit (probes). */
  readonly limited?: boolean;
  /** False: answers hold a secret, and what the caller chose beside it, and are never compressed. */
  readonly compress?: boolean;
  /** Long work: heeds `Prefer: respond-async` and `wait`; what it answers with 202 while the work goes on. */
  readonly accepted?: TSchema;
  handler(
    request: HandlerRequest<PathParams<Path>, Static<Query>, Static<Body>>,
  ): HandlerResult | Promise<HandlerResult>;
}

export type Route = RouteSpec<string, TSchema, TSchema>;

/** Gives the handler its types from the route's own path and schemas. */
export function route<const Path extends string, Query extends TSchema, Body extends TSchema>(
  spec: RouteSpec<Path, Query, Body>,
): Route {
  return spec as unknown as Route;
}

export const dialectOfRoute = (one: Route): Dialect => one.dialect ?? dialectOf(one.path);

/** Names of the path's parameters, in order. */
export const paramNames = (path: string): string[] =>
  [...path.matchAll(/\{([a-z_]+)\}/g)].map((match) => match[1] ?? '');

export const takesIfMatch = (one: Route): boolean =>
  one.ifMatch ?? (one.method !== 'GET' && one.method !== 'POST');

/** Every error code that the route can answer with. */
export function errorsOf(one: Route): ErrorCode[] {
  const codes: ErrorCode[] = ['BAD_REQUEST', 'INTERNAL_ERROR', 'REQUEST_TIMEOUT', 'HEADERS_TOO_LARGE'];
  if (one.limited !== false) {
    codes.push('RATE_LIMITED');
  }
  if (one.permission !== 'public') {
    codes.push('UNAUTHORIZED');
    if (one.permission !== 'organization.list') {
      codes.push('FORBIDDEN');
    }
  }
  // Who asks is looked up, and what is written goes into the log: either may be out of reach.
  if (one.permission !== 'public' || one.method !== 'GET') {
    codes.push('SERVICE_UNAVAILABLE');
  }
  if (paramNames(one.path).length > 0) {
    codes.push('NOT_FOUND');
  }
  if (one.success.schema || one.success.contentType !== undefined) {
    codes.push('NOT_ACCEPTABLE');
  }
  if (one.query || one.method !== 'GET') {
    codes.push('VALIDATION_ERROR');
  }
  if (one.method !== 'GET') {
    codes.push('PAYLOAD_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE');
  }
  if (one.idempotent) {
    codes.push('IDEMPOTENCY_MISMATCH', 'CONFLICT');
  }
  if (takesIfMatch(one)) {
    codes.push('PRECONDITION_FAILED', 'CONFLICT');
  }
  return [...new Set([...codes, ...(one.errors ?? [])])].sort();
}
