// SPDX-License-Identifier: Apache-2.0
import type { ServerResponse } from 'node:http';
import type { Context } from 'koa';
import { type Clock, invalid, invariant, NxError, notFound } from '../kernel/index.js';
import { closed, Uuid, type Validator, validator } from '../schemas/index.js';
import { answerer } from './answer.js';
import { anonymous, authorize, type Grant, type Principal } from './authorize.js';
import { readBody } from './body.js';
import { isFromHere } from './client-address.js';
import { idempotencyKeyOf, positionOf } from './message.js';
import { BODY_FIELD, isMultipart, readMultipart } from './multipart.js';
import { accepts, mediaType } from './negotiate.js';
import { needsOrganization, policyOf } from './policy.js';
import { parseIfMatch } from './preconditions.js';
import { preferOf } from './prefer.js';
import { queryReader } from './query.js';
import { type RateLimiter, rateLimited, rateLimitHeaders } from './rate-limit.js';
import type { RequestState } from './request-state.js';
import { dialectOfRoute, type HandlerRequest, paramNames, type Route, takesIfMatch } from './route.js';

/** Who asks, from the request's credentials. UNAUTHORIZED when there are none or they are not good. */
export type Authenticate = (ctx: Context) => Promise<Principal>;

export interface PipelineDeps {
  readonly authenticate: Authenticate;
  readonly limiter: RateLimiter;
  /** Counts who is not signed in, or not with good credentials, by network. */
  readonly networkLimiter: RateLimiter;
  readonly clock: Clock;
  readonly maxBodyBytes: number;
  /** Checks answers against the routes' schemas: for tests. */
  readonly checkAnswers: boolean;
}

const NO_WISH = preferOf(undefined);

/**
 * One request of one route: who asks, whether they ask too often, what they ask for, whether they may, the handler, the
 * answer. Credentials come before the body, so that nobody without them makes the server parse a megabyte.
 */
export function pipeline(route: Route, deps: PipelineDeps): (ctx: Context) => Promise<void> {
  const { permission } = route;
  invariant(permission === 'public' || policyOf(permission), `no policy for ${permission}`);
  const readQuery = queryReader(route.query);
  const readParams = paramsReader(route);
  const checkBody: Validator<unknown> = validator(route.body ?? closed({}));
  const answer = answerer(route, deps);
  const dialect = dialectOfRoute(route);
  const { contentType, schema } = route.success;
  const answersWith = contentType === undefined ? schema && 'application/json' : mediaType(contentType);
  const mustAllow = permission !== 'public' && needsOrganization(permission);

  return async (ctx) => {
    const state = ctx.state as RequestState;
    state.operationId = route.operationId;
    state.dialect = dialect;
    const { network } = state;
    const principal = await whoAsks(ctx, route, deps, network);
    state.principal = principal;
    if (permission !== 'public' && !mustAllow && !isOpen(route, ctx)) {
      authorize(principal, permission);
    }
    if (answersWith !== undefined && answersWith !== '*/*' && !accepts(ctx.req.headers.accept, answersWith)) {
      throw new NxError('NOT_ACCEPTABLE', `The answer is ${answersWith}`);
    }
    const params = readParams(ctx.params as Record<string, string>);
    const query = readQuery(ctx.querystring);
    const idempotencyKey = route.idempotent ? idempotencyKeyOf(ctx.req) : undefined;
    const ifMatch = takesIfMatch(route)
      ? parseIfMatch(ctx.req.headers['if-match'], dialect === 'platform')
      : undefined;
    const position = positionOf(ctx.req);
    const sent = await read(route, ctx, deps);
    let body: { readonly value: unknown } | undefined;
    // Judged once the right is decided: what is wrong with a body is for those who may send one.
    const judged = (): unknown => {
      body ??= { value: bodyOf(route, checkBody, sent()) };
      return body.value;
    };
    if (!mustAllow) {
      judged();
    }
    let grant: Grant | undefined;
    let gone: AbortSignal | undefined;
    const request: HandlerRequest = {
      params,
      query,
      get body() {
        return judged();
      },
      principal,
      requestId: state.requestId,
      idempotencyKey,
      ifMatch,
      position,
      prefer: route.accepted ? preferOf(ctx.req.headers.prefer) : NO_WISH,
      get path() {
        return fill(route.path, params);
      },
      network,
      header: (name) => headerOf(ctx, name),
      get signal() {
        gone ??= goneSignal(ctx.res);
        return gone;
      },
      allow: (organizationId, workspaceId) => {
        invariant(mustAllow, `${route.operationId} is not decided on an organization`);
        grant = authorize(principal, permission, {
          organizationId,
          ...(workspaceId === undefined ? {} : { workspaceId }),
        });
        judged();
        return grant;
      },
    };
    const result = await route.handler(request);
    invariant(!mustAllow || grant, `${route.operationId} answered without asking for ${permission}`);
    answer(ctx, result);
  };
}

/**
 * Requests are counted by who asks. Who is nobody is counted by network, and so are credentials that are not good:
 * whoever has good ones is not kept out by a neighbour's bad ones.
 */
async function whoAsks(ctx: Context, route: Route, deps: PipelineDeps, network: string): Promise<Principal> {
  const isCounted = route.limited !== false;
  if (isOpen(route, ctx)) {
    if (isCounted) {
      count(ctx, deps, 'network', network);
    }
    return anonymous;
  }
  let principal: Principal;
  try {
    principal = await deps.authenticate(ctx);
  } catch (error) {
    if (error instanceof NxError && error.code === 'UNAUTHORIZED') {
      // Also where good ones are not counted.
      count(ctx, deps, 'network', network);
    }
    throw error;
  }
  if (isCounted) {
    count(ctx, deps, 'principal', `${principal.kind}:${principal.id}`);
  }
  return principal;
}

const isOpen = (route: Route, ctx: Context): boolean =>
  route.permission === 'public' || (route.openTo === 'loopback' && isFromHere(ctx.req));

function count(
  ctx: Context,
  { clock, limiter, networkLimiter }: PipelineDeps,
  policy: 'principal' | 'network',
  key: string,
): void {
  const verdict = (policy === 'network' ? networkLimiter : limiter).take(key);
  if (!verdict.allowed) {
    throw rateLimited(verdict, clock, policy);
  }
  ctx.set(rateLimitHeaders(verdict, clock, policy));
}

/** A parameter that cannot be an id is an id that does not exist. */
function paramsReader(route: Route): (raw: Record<string, string>) => Record<string, string> {
  const checks = paramNames(route.path).map(
    (name) => [name, validator<typeof Uuid>((route.params?.[name] ?? Uuid) as typeof Uuid)] as const,
  );
  return (raw) =>
    Object.fromEntries(
      checks.map(([name, check]) => {
        const result = check(raw[name]);
        if (!result.ok) {
          throw notFound('Resource');
        }
        return [name, result.value];
      }),
    );
}

/** What was sent; of a form, what is wrong with its parts is told when it is called. */
async function read(route: Route, { req }: Context, { maxBodyBytes }: PipelineDeps): Promise<() => unknown> {
  if (route.multipart && isMultipart(req)) {
    return readMultipart(req, route.multipart, maxBodyBytes);
  }
  const body = await readBody(req, maxBodyBytes);
  return () => body;
}

function bodyOf(route: Route, check: Validator<unknown>, body: unknown): unknown {
  if (body === undefined && !route.body) {
    return undefined;
  }
  // A `null` that was sent is a body, and no object.
  const result = check(body === undefined ? {} : body);
  if (!result.ok) {
    throw invalid(result.details.map((one) => (one.field === '' ? { ...one, field: BODY_FIELD } : one)));
  }
  return route.body ? result.value : undefined;
}

const fill = (pattern: string, params: Record<string, string>): string =>
  pattern.replaceAll(/\{([a-z_]+)\}/g, (_, name: string) => encodeURIComponent(params[name] ?? ''));

function headerOf({ req }: Context, name: string): string | undefined {
  const value = req.headers[name];
  return Array.isArray(value) ? value.join(', ') : value;
}

/** Aborts when the connection closes before the answer is out. */
function goneSignal(response: ServerResponse): AbortSignal {
  const controller = new AbortController();
  const closed = (): void => {
    if (!response.writableFinished) {
      controller.abort();
    }
  };
  if (response.closed) {
    closed();
  } else {
    response.once('close', closed);
  }
  return controller.signal;
}
