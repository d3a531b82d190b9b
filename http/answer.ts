// SPDX-License-Identifier: Apache-2.0
import { Readable } from 'node:stream';
import { pipeline as pump } from 'node:stream/promises';
import type { Context } from 'koa';
import { type Clock, invariant } from '../kernel/index.js';
import { type TSchema, validator } from '../schemas/index.js';
import { shaper, wireSchema } from './dialect.js';
import { entityTag, tagNotModified } from './preconditions.js';
import type { RequestState } from './request-state.js';
import { dialectOfRoute, type HandlerResult, type Route } from './route.js';

export interface AnswerDeps {
  readonly clock: Clock;
  /** Checks answers against the routes' schemas: for tests. */
  readonly checkAnswers: boolean;
}

/** Writes what a handler gave as the answer of its route: status, header fields, body in the route's dialect. */
export function answerer(
  route: Route,
  { clock, checkAnswers }: AnswerDeps,
): (ctx: Context, result: HandlerResult) => void {
  const dialect = dialectOfRoute(route);
  const shape = shaper(dialect, route.success.schema);
  const checkOf = (own: TSchema | undefined) => {
    const schema = wireSchema(dialect, own);
    return checkAnswers && schema ? validator(schema) : undefined;
  };
  const checkDone = checkOf(route.success.schema);
  const checkAccepted = route.accepted && checkOf(route.accepted);
  // An envelope has the time in it: its bytes are never the same twice.
  const weak = dialect === 'platform' ? 'W/' : '';

  return (ctx, result) => {
    const status = result.status ?? route.success.status;
    ctx.status = status;
    if (result.headers) {
      ctx.set({ ...result.headers });
    }
    if (result.position !== undefined) {
      ctx.set('NxMesh-Position', String(result.position));
    }
    if (result.revision !== undefined) {
      ctx.set('ETag', `${weak}${entityTag(result.revision)}`);
      ctx.set('Cache-Control', 'private, no-cache');
      const conditional = route.method === 'GET' && status === 200 && result.volatile !== true;
      const known = conditional && tagNotModified(ctx.req.headers['if-none-match'], result.revision);
      if (known) {
        ctx.set('ETag', `${weak}${known}`);
        empty(ctx, 304);
        return;
      }
    }
    if (result.content) {
      send(ctx, result.content);
      return;
    }
    if (result.body === undefined && dialect === 'nxmesh') {
      empty(ctx, status);
      return;
    }
    const body = shape(result.body, { requestId: (ctx.state as RequestState).requestId, now: clock.now() });
    const checked = (status === 202 && checkAccepted ? checkAccepted : checkDone)?.(body);
    invariant(!checked || checked.ok, `answer of ${route.operationId}: ${JSON.stringify(checked)}`);
    ctx.type = 'application/json';
    ctx.body = JSON.stringify(body);
  };
}

/** Without a body. The framework takes an empty body for 204, and so is told the status again. */
function empty(ctx: Context, status: number): void {
  ctx.body = null;
  ctx.status = status;
}

function send(ctx: Context, { type, data }: NonNullable<HandlerResult['content']>): void {
  ctx.set('Content-Type', type);
  if (typeof data === 'string') {
    ctx.body = data;
  } else if (data instanceof Uint8Array) {
    ctx.body = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  } else if (ctx.method === 'HEAD') {
    ctx.respond = false;
    ctx.res.end();
  } else {
    // Written by us, so that a source that fails cuts the connection: the caller sees that it does not have all.
    ctx.respond = false;
    ctx.res.flushHeaders();
    const broke = (error: unknown): void => void ctx.app.emit('error', error, ctx);
    pump(Readable.from(data), ctx.res).catch(broke);
  }
}
