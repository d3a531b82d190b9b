// SPDX-License-Identifier: Apache-2.0
import { type HandlerResult, type Route, route } from '../http/index.js';
import { type Clock, detail, invalid, timestamp } from '../kernel/index.js';
import { closed, Metrics, type MetricsPoint, type Static, Type } from '../schemas/index.js';
import {
  type Cell,
  ceilTo,
  counted,
  defaultRetention,
  emptyCell,
  floorTo,
  HOUR_MS,
  type MetricsReader,
  MINUTE_MS,
  quantile,
  type Range,
  type Whose,
} from '../telemetry/index.js';
import { orUnavailable, rangeOf, rangeQuery } from './range.js';
import type { Scope } from './scope.js';

const MOST_POINTS = 1500;
const LONGEST_DAYS = 400;

const metricsQuery = closed({
  ...rangeQuery,
  /** Seconds, in whole minutes. */
  step: Type.Optional(Type.Integer({ minimum: 60, maximum: 31 * 86_400 })),
});
type MetricsQuery = Static<typeof metricsQuery>;

const rounded = (value: number): number => Number(value.toPrecision(6));

function figures(cell: Cell, seconds: number) {
  const requests = counted(cell, 'requests');
  return {
    requests_total: requests,
    requests_per_second: seconds > 0 ? rounded(requests / seconds) : 0,
    error_rate: requests > 0 ? Math.min(1, counted(cell, '5xx') / requests) : 0,
    bandwidth: { in_bytes: counted(cell, 'in_bytes'), out_bytes: counted(cell, 'out_bytes') },
    status_codes: {
      '2xx': counted(cell, '2xx'),
      '3xx': counted(cell, '3xx'),
      '4xx': counted(cell, '4xx'),
      '5xx': counted(cell, '5xx'),
    },
  };
}

function latency(cell: Cell): MetricsPoint['latency_ms'] {
  const [p50, p95, p99] = [0.5, 0.95, 0.99].map((share) => quantile(cell, share));
  if (p50 === undefined || p95 === undefined || p99 === undefined) {
    return null;
  }
  const average = counted(cell, 'latency_ms') / Math.max(1, counted(cell, 'requests'));
  return { average: rounded(average), p50: rounded(p50), p95: rounded(p95), p99: rounded(p99) };
}

export function metricsQueries(
  scope: Scope,
  { metrics, clock }: { metrics: MetricsReader; clock: Clock },
): Route[] {
  /** Whole minutes; whole hours where minutes are not kept any more. */
  function whole({ from, to }: Range): Range {
    const kept = clock.now() - defaultRetention.minutesMs + HOUR_MS;
    return {
      from: floorTo(from, from < kept ? HOUR_MS : MINUTE_MS),
      to: ceilTo(to, to < kept ? HOUR_MS : MINUTE_MS),
    };
  }

  /** What has passed of a range. */
  const seconds = ({ from, to }: Range): number => Math.max(0, Math.min(to, clock.now()) - from) / 1000;

  async function series(whose: Whose, range: Range, step: number): Promise<MetricsPoint[]> {
    const found = await metrics.steps(whose, range, step);
    const points: MetricsPoint[] = [];
    for (let at = floorTo(range.from, step); at < Math.min(range.to, clock.now()); at += step) {
      const cell = found.get(at) ?? emptyCell();
      const within = { from: Math.max(at, range.from), to: Math.min(at + step, range.to) };
      points.push({ at: timestamp(at), ...figures(cell, seconds(within)), latency_ms: latency(cell) });
    }
    return points;
  }

  /** VALIDATION_ERROR for steps that are none, or too many. */
  function stepOf({ step }: MetricsQuery, { from, to }: Range): number | undefined {
    if (step === undefined) {
      return undefined;
    }
    if (step % 60 !== 0) {
      throw invalid([detail('step', 'INVALID_FORMAT', 'Must be whole minutes, in seconds')]);
    }
    if ((to - from) / 1000 / step > MOST_POINTS) {
      throw invalid([detail('step', 'OUT_OF_RANGE', `Must not make more than ${MOST_POINTS} points`)]);
    }
    return step * 1000;
  }

  async function answer(whose: Whose, range: Range, step: number | undefined): Promise<HandlerResult> {
    const [total, active] = await Promise.all([metrics.total(whose, range), metrics.active(whose, range)]);
    const body: Metrics = {
      ...figures(total, seconds(range)),
      active_connections: active,
      ...(step !== undefined && { series: await series(whose, range, step) }),
    };
    return { body };
  }

  const success = { status: 200, schema: Metrics } as const;
  return [
    route({
      method: 'GET',
      path: '/v1/workspaces/{workspace_id}/metrics',
      operationId: 'getWorkspaceMetrics',
      summary: 'Get what the agents of a workspace have counted in a range of time',
      tag: 'Metrics',
      permission: 'metrics.read',
      query: metricsQuery,
      success,
      handler: async (request) => {
        const range = whole(rangeOf(request.query, clock, LONGEST_DAYS));
        const step = stepOf(request.query, range);
        const { id: workspaceId } = await scope.workspace(request, request.params.workspace_id);
        return orUnavailable(answer({ workspaceId }, range, step));
      },
    }),
    route({
      method: 'GET',
      path: '/v1/agents/{agent_id}/metrics',
      operationId: 'getAgentMetrics',
      summary: 'Get what an agent has counted in a range of time',
      tag: 'Metrics',
      permission: 'metrics.read',
      query: metricsQuery,
      success,
      handler: async (request) => {
        const range = whole(rangeOf(request.query, clock, LONGEST_DAYS));
        const step = stepOf(request.query, range);
        const { id: agentId, workspace_id } = await scope.one(request, 'agents', request.params.agent_id);
        return orUnavailable(answer({ agentId, workspaceId: workspace_id }, range, step));
      },
    }),
  ];
}
