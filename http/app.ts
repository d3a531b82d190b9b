// SPDX-License-Identifier: Apache-2.0
import type { RequestListener } from 'node:http';
import Koa, { type Context } from 'koa';
import { errorMessage, invariant, NxError, notFound, type Random } from '../kernel/index.js';
import { type AccessLogDeps, logAccess } from './access-log.js';
import { discard } from './body.js';
import { compressed } from './compress.js';
import { cors } from './cors.js';
import { described } from './describe.js';
import { codeIn, dialectOf, platformError } from './dialect.js';
import { errorAnswer, HttpError, problem } from './errors.js';
import { networkReader } from './forwarded.js';
import { checkMessage, requestIdOf } from './message.js';
import { wantsProblem } from './negotiate.js';
import type { OpenApiDocument } from './openapi.js';
import { type Authenticate, pipeline } from './pipeline.js';
import { type RateLimit, rateLimited, rateLimiter, rateLimitHeaders } from './rate-limit.js';
import type { RequestState } from './request-state.js';
import { paramNames, type Route } from './route.js';
import { routeTable } from './router.js';
import { traceOf } from './trace.js';

export interface HttpAppDeps extends AccessLogDeps {
  readonly routes: readonly Route[];
  readonly authenticate: Authenticate;
  readonly random: Random;
  readonly version: string;
  /** For each principal; 1,000 a minute when left out. */
  readonly rateLimit?: RateLimit;
  /** For each network, of requests without good credentials; 1,000 a minute when left out. */
  readonly networkLimit?: RateLimit;
  /** Addresses and networks of our own proxies, whose `X-Forwarded-For` is believed; none when left out. */
  readonly trustedProxies?: readonly string[];
  /** Pages of these origins may use the API; none when left out. */
  readonly corsOrigins?: readonly string[];
  /** 1 MiB when left out. */
  readonly maxBodyBytes?: number;
  /** Checks every answer against its route's schema and withholds those that differ: for tests. */
  readonly checkAnswers?: boolean;
}

export interface HttpApp {
  readonly listener: RequestListener;
  readonly document: OpenApiDocument;
}

const LIMIT: RateLimit = { limit: 1000, windowMs: 60_000 };

const SECURITY_HEADERS = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
};

/**
 * The HTTP application made from a table of routes, with `/openapi.json` added. Throws at once when a route names an
 * action without a policy or two routes are the same.
 */
export function httpApp(deps: HttpAppDeps): HttpApp {
  const { log, clock, random, maxBodyBytes = 1024 * 1024, checkAnswers = false } = deps;
  const limiter = rateLimiter({ clock, ...(deps.rateLimit ?? LIMIT) });
  const networkLimiter = rateLimiter({ clock, ...(deps.networkLimit ?? LIMIT) });
  const networkOf = networkReader(deps.trustedProxies ?? []);
  const sharing = cors(deps.corsOrigins ?? []);
  const { authenticate } = deps;
  const pipe = { authenticate, limiter, networkLimiter, clock, maxBodyBytes, checkAnswers };
  const { routes, document } = described(deps.routes, deps.version);
  checkTable(routes);
  const table = routeTable(routes, (route) => compressed(route, pipeline(route, pipe)));

  const koa = new Koa();
  // Everything below is already answered or logged; what remains is a connection that broke.
  koa.on('error', (error: unknown) => log.warn({ err: error }, 'connection broke'));
  koa.use(async (ctx, next) => {
    const state = ctx.state as RequestState;
    const trace = traceOf(ctx.req.headers['traceparent'], random);
    state.traceId = trace?.traceId;
    state.requestId = requestIdOf(ctx.req, trace?.traceId, deps);
    state.network = networkOf(ctx.req);
    state.dialect = dialectOf(ctx.path);
    ctx.set({ ...SECURITY_HEADERS, 'X-Request-Id': state.requestId });
    if (trace) {
      ctx.set('traceparent', trace.header);
    }
    sharing.mark(ctx);
    logAccess(ctx, deps);
    try {
      checkMessage(ctx.req);
      await next();
    } catch (error) {
      refuse(ctx, error, deps);
    }
  });
  koa.use(table.run);
  koa.use((ctx) => {
    const allowed = table.methodsAt(ctx.path);
    if (ctx.method === 'OPTIONS' && allowed.length > 0) {
      ctx.set({ Allow: allowed.join(', ') });
      sharing.preflight(ctx, allowed);
      ctx.status = 204;
      return;
    }
    const verdict = networkLimiter.take((ctx.state as RequestState).network);
    ctx.set(rateLimitHeaders(verdict, clock, 'network'));
    throw verdict.allowed ? unknownRoute(allowed) : rateLimited(verdict, clock, 'network');
  });
  const listener = koa.callback();
  return { listener: (request, response) => void listener(request, response), document };
}

function checkTable(routes: readonly Route[]): void {
  const operations = new Set<string>();
  const places = new Set<string>();
  // OpenAPI knows a path by its shape: `/a/{x}` and `/a/{y}` are one path with two names.
  const spellings = new Map<string, string>();
  for (const route of routes) {
    const shape = route.path.replaceAll(/\{[a-z_]+\}/g, '{}');
    const place = `${route.method} ${shape}`;
    const spelling = spellings.get(shape) ?? route.path;
    invariant(spelling === route.path, `${route.path} is also called ${spelling}`);
    spellings.set(shape, spelling);
    invariant(!operations.has(route.operationId), `two routes are called ${route.operationId}`);
    invariant(!places.has(place), `two routes are ${place}`);
    for (const name of Object.keys(route.params ?? {})) {
      invariant(paramNames(route.path).includes(name), `${route.operationId} has no parameter ${name}`);
    }
    operations.add(route.operationId);
    places.add(place);
  }
}

function refuse(ctx: Context, error: unknown, { log, clock }: HttpAppDeps): void {
  const { requestId, dialect } = ctx.state as RequestState;
  const answer = errorAnswer(error, requestId);
  if (!(error instanceof NxError)) {
    log.error({ err: error, request_id: requestId }, 'unexpected error');
  } else if (error.cause !== undefined) {
    log.error({ code: error.code, error: errorMessage(error.cause), request_id: requestId }, error.message);
  }
  if (!ctx.req.complete) {
    discard(ctx.req);
  }
  ctx.status = answer.status;
  ctx.set({ 'Cache-Control': 'no-store', ...answer.headers });
  ctx.remove('ETag');
  const facts = { requestId, now: clock.now() };
  if (wantsProblem(ctx.req.headers.accept)) {
    ctx.type = 'application/problem+json';
    ctx.body = JSON.stringify(problem(answer.body, codeIn(dialect, answer.body.error.code)));
  } else {
    ctx.type = 'application/json';
    ctx.body = JSON.stringify(
      dialect === 'platform' ? platformError(answer.body, answer.headers['Retry-After'], facts) : answer.body,
    );
  }
}

/** A path that has other methods is 405 with `Allow`, any other 404. */
const unknownRoute = (allowed: readonly string[]): NxError =>
  allowed.length === 0
    ? notFound('Resource')
    : new HttpError('METHOD_NOT_ALLOWED', 'The resource does not have this method', {
        Allow: allowed.join(', '),
      });
