// SPDX-License-Identifier: Apache-2.0
import type { ServerResponse } from 'node:http';
import type { Context } from 'koa';
import { type Clock, invalid, invariant, notFound } from '../kernel/index.js';
import { closed, Uuid, type Validator, validator } from '../schemas/index.js';
import { anonymous, authorize, type Grant, type Principal } from './authorize.js';
import { readBody } from './body.js';
import { networkOf } from './client-address.js';
import { idempotencyKeyOf, positionOf } from './message.js';
import { isMultipart, readMultipart } from './multipart.js';
import { needsOrganization, policyOf } from './policy.js';
import { entityTag, isNotModified, parseIfMatch } from './preconditions.js';
import { queryReader } from './query.js';
import { type RateLimiter, rateLimited, rateLimitHeaders } from './rate-limit.js';
import { type HandlerRequest, type HandlerResult, paramNames, type Route, takesIfMatch } from './route.js';

/** Who asks, from the request's credentials. UNAUTHORIZED when there are none or they are not good. */
export type Authenticate = (ctx: Context) => Promise<Principal>;

export interface PipelineDeps {
  readonly authenticate: Authenticate;
  readonly limiter: RateLimiter;
  readonly clock: Clock;
  readonly maxBodyBytes: number;
  /** Checks answers against the routes' schemas: for tests. */
  readonly checkAnswers: boolean;
}

/** What the pipeline and the log tell each other of one request. */
export interface RequestState {
  requestId: string;
  operationId?: string;
  principal?: Principal;
}

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
  const checkAnswer = deps.checkAnswers && route.success.schema ? validator(route.success.schema) : undefined;
  const mustAllow = permission !== 'public' && needsOrganization(permission);

  return async (ctx) => {
    const state = ctx.state as RequestState;
    state.operationId = route.operationId;
    const principal = permission === 'public' ? anonymous : await deps.authenticate(ctx);
    state.principal = principal;
    const network = networkOf(ctx.req.socket.remoteAddress);
    limitRate(
      ctx,
      route,
      deps,
      principal === anonymous ? `network:${network}` : `${principal.kind}:${principal.id}`,
    );
    if (permission !== 'public' && !mustAllow) {
      authorize(principal, permission);
    }
    const params = readParams(ctx.params as Record<string, string>);
    const query = readQuery(ctx.querystring);
    const idempotencyKey = route.idempotent ? idempotencyKeyOf(ctx.req) : undefined;
    const ifMatch = takesIfMatch(route) ? parseIfMatch(ctx.req.headers['if-match']) : undefined;
    const position = positionOf(ctx.req);
    const read =
      route.multipart && isMultipart(ctx.req)
        ? readMultipart(ctx.req, route.multipart, deps.maxBodyBytes)
        : readBody(ctx.req, deps.maxBodyBytes);
    const body = bodyOf(route, checkBody, await read);
    let grant: Grant | undefined;
    let gone: AbortSignal | undefined;
    const request: HandlerRequest = {
      params,
      query,
      body,
      principal,
      requestId: state.requestId,
      idempotencyKey,
      ifMatch,
      position,
      path: fill(route.path, params),
      network,
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
        return grant;
      },
    };
    const result = await route.handler(request);
    invariant(!mustAllow || grant, `${route.operationId} answered without asking for ${permission}`);
    const checked = checkAnswer?.(result.body);
    invariant(!checked || checked.ok, `answer of ${route.operationId}: ${JSON.stringify(checked)}`);
    answer(ctx, route, result);
  };
}

function limitRate(ctx: Context, route: Route, deps: PipelineDeps, key: string): void {
  if (route.limited === false) {
    return;
  }
  const verdict = deps.limiter.take(key);
  if (!verdict.allowed) {
    throw rateLimited(verdict, deps.clock);
  }
  ctx.set(rateLimitHeaders(verdict, deps.clock));
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

function bodyOf(route: Route, check: Validator<unknown>, body: unknown): unknown {
  if (body === undefined && !route.body) {
    return undefined;
  }
  const result = check(body ?? {});
  if (!result.ok) {
    throw invalid(result.details);
  }
  return route.body ? result.value : undefined;
}

const fill = (pattern: string, params: Record<string, string>): string =>
  pattern.replaceAll(/\{([a-z_]+)\}/g, (_, name: string) => encodeURIComponent(params[name] ?? ''));

/** Aborts when the connection closes before the answer is out. */
function goneSignal(response: ServerResponse): AbortSignal {
  const controller = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) {
      controller.abort();
    }
  });
  return controller.signal;
}

function answer(ctx: Context, route: Route, result: HandlerResult): void {
  ctx.status = result.status ?? route.success.status;
  if (result.headers) {
    ctx.set({ ...result.headers });
  }
  if (result.position !== undefined) {
    ctx.set('NxMesh-Position', String(result.position));
  }
  if (result.revision !== undefined) {
    ctx.set('ETag', entityTag(result.revision));
    ctx.set('Cache-Control', 'private, no-cache');
    const conditional = route.method === 'GET' && ctx.status === 200 && result.volatile !== true;
    if (conditional && isNotModified(ctx.req.headers['if-none-match'], result.revision)) {
      ctx.status = 304;
      ctx.body = null;
      ctx.status = 304;
      return;
    }
  }
  if (result.body === undefined) {
    ctx.body = null;
    ctx.status = result.status ?? route.success.status;
    return;
  }
  ctx.type = 'application/json';
  ctx.body = JSON.stringify(result.body);
}
