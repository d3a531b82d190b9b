// SPDX-License-Identifier: Apache-2.0
import type { Context } from 'koa';
import type { Logger } from 'pino';
import type { Clock } from '../kernel/index.js';
import type { RequestState } from './request-state.js';

/** The part of a logger that is used here. */
export type Log = Pick<Logger, 'info' | 'warn' | 'error'>;

export interface AccessLogDeps {
  readonly log: Log;
  readonly clock: Clock;
  /** Told of the operation (undefined where there is none), the status and the seconds of every request. */
  readonly observe?: (operation: string | undefined, status: number, seconds: number) => void;
}

const MAX_TEXT = 200;
/** As nginx counts a caller that went before its answer was out. */
const GONE = 499;

/** What came from outside is cut and shown in visible ASCII, so that no reader of the log acts on it. */
const visible = (text: string | undefined): string | undefined =>
  text?.slice(0, MAX_TEXT).replaceAll(/[^\x20-\x7e]/g, '?');

/** One line a request, written when its answer is out or its caller gone. The query never stands in it: tokens do. */
export function logAccess(ctx: Context, { log, clock, observe }: AccessLogDeps): void {
  const started = clock.monotonic();
  const { req, res } = ctx;
  res.once('close', () => {
    const state = ctx.state as RequestState;
    const ms = clock.monotonic() - started;
    observe?.(state.operationId, res.writableFinished ? res.statusCode : GONE, ms / 1000);
    log.info(
      {
        request_id: state.requestId,
        ...(state.traceId === undefined ? {} : { trace_id: state.traceId }),
        method: visible(req.method),
        path: visible(ctx.path),
        operation: state.operationId,
        status: res.statusCode,
        duration_ms: Math.round(ms * 1000) / 1000,
        principal: state.principal?.id,
        network: state.network,
        user_agent: visible(req.headers['user-agent']),
        ...(res.writableFinished ? {} : { aborted: true }),
      },
      'request',
    );
  });
}
