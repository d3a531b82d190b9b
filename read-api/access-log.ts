// SPDX-License-Identifier: Apache-2.0
import { type Route, route } from '../http/index.js';
import { type Clock, timestamp } from '../kernel/index.js';
import { AccessLogRecord, closed, type Static, Type, Uuid } from '../schemas/index.js';
import {
  counted,
  type FoundRecord,
  floorTo,
  type LogQuery,
  type LogReader,
  type LogRecord,
  type MetricsReader,
  MINUTE_MS,
} from '../telemetry/index.js';
import { type Cursor, readCursor, writeCursor } from './access-log-cursor.js';
import { orUnavailable, rangeOf, rangeQuery } from './range.js';
import type { Scope } from './scope.js';

const DEFAULT_LIMIT = 100;
const LONGEST_DAYS = 31;

const accessLogQuery = closed({
  ...rangeQuery,
  /** `500`, or a class: `5xx`. */
  status_code: Type.Optional(Type.String({ maxLength: 3, pattern: '^[1-5](xx|[0-9][0-9])$' })),
  agent_id: Type.Optional(Uuid),
  host: Type.Optional(Type.String({ minLength: 1, maxLength: 255 })),
  method: Type.Optional(Type.String({ minLength: 1, maxLength: 32 })),
  /** What the address begins with. */
  path_prefix: Type.Optional(Type.String({ minLength: 1, maxLength: 1024 })),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })),
  /** From `meta.next_cursor` of the page before. */
  cursor: Type.Optional(Type.String({ minLength: 1, maxLength: 256 })),
});
type AccessLogQuery = Static<typeof accessLogQuery>;

const AccessLogPage = closed({
  data: Type.Array(AccessLogRecord),
  meta: closed({
    /** Of all pages. */
    total: Type.Integer({ minimum: 0 }),
    limit: Type.Integer({ minimum: 1 }),
    /** Where there is a next page. */
    next_cursor: Type.Optional(Type.String()),
    /** There was more than one query looks through: `total` is what was found in the newest of it. */
    total_is_partial: Type.Optional(Type.Literal(true)),
    /** Of the whole range, whatever is asked for: records that were left out, because there were too many. */
    dropped: Type.Optional(Type.Integer({ minimum: 1 })),
  }),
});

const present = (record: FoundRecord): AccessLogRecord => ({
  id: record.id,
  agent_id: record.agentId,
  timestamp: timestamp(record.at),
  remote_addr: record.remoteAddr,
  method: record.method,
  uri: record.uri,
  protocol: record.protocol,
  host: record.host,
  status: record.status,
  body_bytes_sent: record.bodyBytes,
  response_time_ms: record.responseTimeMs,
  user_agent: record.userAgent,
  referer: record.referer,
  request_id: record.requestId,
});

function statusFilter(code: string | undefined): Pick<LogQuery, 'status'> {
  if (code === undefined) {
    return {};
  }
  const exact = Number(code);
  const first = Number(code[0]);
  return {
    status: code.endsWith('xx') ? (one) => Math.floor(one / 100) === first : (one) => one === exact,
  };
}

function lineFilter({ agent_id, host, method, path_prefix }: AccessLogQuery): Pick<LogQuery, 'line'> {
  const conditions: ((record: LogRecord) => boolean)[] = [
    ...(agent_id === undefined ? [] : [(one: LogRecord) => one.agentId === agent_id]),
    ...(host === undefined ? [] : [(one: LogRecord) => one.host === host.toLowerCase()]),
    ...(method === undefined ? [] : [(one: LogRecord) => one.method === method]),
    ...(path_prefix === undefined ? [] : [(one: LogRecord) => one.uri.startsWith(path_prefix)]),
  ];
  return conditions.length === 0 ? {} : { line: (record) => conditions.every((holds) => holds(record)) };
}

/** The same question for the next page. */
const linkTo = (path: string, query: AccessLogQuery, cursor: string): Record<string, string> => {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries({ ...query, cursor })) {
    parameters.set(name, String(value));
  }
  return { Link: `<${path}?${parameters.toString()}>; rel="next"` };
};

export function accessLogQueries(
  scope: Scope,
  { accessLogs, metrics, clock }: { accessLogs: LogReader; metrics: MetricsReader; clock: Clock },
): Route[] {
  return [
    route({
      method: 'GET',
      path: '/v1/workspaces/{workspace_id}/access-logs',
      operationId: 'queryAccessLogs',
      summary: 'Find requests that the agents of a workspace have answered, the newest first',
      tag: 'Access logs',
      permission: 'access_log.read',
      query: accessLogQuery,
      success: { status: 200, schema: AccessLogPage },
      handler: async (request) => {
        const { query } = request;
        const cursor = query.cursor === undefined ? undefined : readCursor(query.cursor);
        // Pages of one question are about one range, also where it ends now.
        const range = rangeOf({ ...cursor?.range, ...query }, clock, LONGEST_DAYS);
        const limit = query.limit ?? DEFAULT_LIMIT;
        const { id: workspaceId } = await scope.workspace(request, request.params.workspace_id);
        const [found, all] = await orUnavailable(
          Promise.all([
            accessLogs({
              workspaceId,
              ...range,
              ...statusFilter(query.status_code),
              ...lineFilter(query),
              limit,
              ...(cursor && { after: cursor.place }),
            }),
            metrics.total({ workspaceId }, { from: floorTo(range.from, MINUTE_MS), to: range.to }),
          ]),
        );
        const dropped = found.dropped + counted(all, 'log_lines_dropped');
        const total = cursor?.total ?? found.total ?? 0;
        const partial = cursor?.partial ?? !found.exact;
        const next: Cursor | undefined = found.next && {
          place: found.next,
          total,
          partial,
          range: { from: timestamp(range.from), to: timestamp(range.to) },
        };
        const next_cursor = next && writeCursor(next);
        return {
          body: {
            data: found.records.map(present),
            meta: {
              total,
              limit,
              ...(next_cursor !== undefined && { next_cursor }),
              ...(partial && { total_is_partial: true }),
              ...(dropped > 0 && { dropped }),
            },
          },
          ...(next_cursor !== undefined && { headers: linkTo(request.path, query, next_cursor) }),
        };
      },
    }),
  ];
}
