// SPDX-License-Identifier: Apache-2.0
import type { Context } from 'koa';
import compress from 'koa-compress';
import type { Route } from './route.js';

type Run = (ctx: Context) => Promise<void>;

const MIN_BYTES = 1024;
const squeeze = compress({ threshold: MIN_BYTES, zstd: false, deflate: false });

/**
 * Compresses answers of a route that only reads. What a write answers may hold a secret beside what the caller chose,
 * and the length of the two compressed together tells of it (BREACH); a route that reads such a thing says
 * `compress: false`. Streams, errors and small answers go as they are.
 */
export function compressed(route: Route, run: Run): Run {
  if (route.method !== 'GET' || route.compress === false) {
    return run;
  }
  return async (ctx) => {
    if (ctx.req.headers['accept-encoding'] === undefined) {
      ctx.vary('Accept-Encoding');
      return run(ctx);
    }
    await squeeze(ctx, () => run(ctx));
    const encoding = ctx.res.getHeader('Content-Encoding');
    const tag = ctx.res.getHeader('ETag');
    if (typeof encoding === 'string' && typeof tag === 'string' && tag.startsWith('"')) {
      // Other bytes, another strong tag; both name the revision.
      ctx.set('ETag', `${tag.slice(0, -1)}-${encoding}"`);
    }
  };
}
