// SPDX-License-Identifier: Apache-2.0
import type { Context } from 'koa';

/** What a page of another origin may send, and may read of an answer. */
const ALLOWED =
  'Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, NxMesh-Position, Prefer, X-Request-Id, traceparent';
const EXPOSED =
  'Content-Disposition, ETag, Link, Location, NxMesh-Position, Preference-Applied, RateLimit, RateLimit-Policy, Retry-After, X-Request-Id, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, X-RateLimit-Window, traceparent';
const MAX_AGE_S = '600';

export interface Cors {
  /** Marks the answer for a page of an allowed origin. Any other page's browser withholds it. */
  mark(ctx: Context): void;
  /** Answers what a browser asks before a request: the methods that the path has. */
  preflight(ctx: Context, methods: readonly string[]): void;
}

/** For pages of exactly these origins; of none when there are none. */
export function cors(origins: readonly string[]): Cors {
  const known = new Set(origins);
  const isAllowed = (ctx: Context): boolean => known.has(ctx.req.headers.origin ?? '');
  return {
    mark: (ctx) => {
      if (known.size === 0) {
        return;
      }
      ctx.vary('Origin');
      if (isAllowed(ctx)) {
        ctx.set({
          'Access-Control-Allow-Origin': ctx.req.headers.origin ?? '',
          'Access-Control-Allow-Credentials': 'true',
          'Access-Control-Expose-Headers': EXPOSED,
        });
      }
    },
    preflight: (ctx, methods) => {
      if (isAllowed(ctx) && ctx.req.headers['access-control-request-method'] !== undefined) {
        ctx.set({
          'Access-Control-Allow-Methods': methods.join(', '),
          'Access-Control-Allow-Headers': ALLOWED,
          'Access-Control-Max-Age': MAX_AGE_S,
        });
        ctx.remove('Access-Control-Expose-Headers');
      }
    },
  };
}
