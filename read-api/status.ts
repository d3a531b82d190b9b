// SPDX-License-Identifier: Apache-2.0
import { type Route, route } from '../http/index.js';
import { closed, oneOf, type Static, Type } from '../schemas/index.js';

const Health = oneOf('healthy', 'degraded', 'unhealthy');

const Status = closed({
  status: Health,
  version: Type.String(),
  /** Seconds since this process serves. */
  uptime: Type.Integer({ minimum: 0 }),
  components: Type.Record(Type.String({ pattern: '^[a-z_]+$' }), Health),
});
export type Status = Static<typeof Status>;

/** How the process that answers, and what it stands on, are. */
export const statusRoute = (look: () => Promise<Status>): Route =>
  route({
    method: 'GET',
    path: '/v1/status',
    operationId: 'getStatus',
    summary: 'Health of the process that answers and of each of its components',
    tag: 'Status',
    permission: 'status.read',
    success: { status: 200, schema: Status },
    handler: async () => ({ body: await look() }),
  });

export type MetricsAccess = 'public' | 'loopback' | 'signed-in';
const TEXT = 'text/plain; version=0.0.4; charset=utf-8';

/**
 * For Prometheus. Operations and their rates tell of the installation and its load: open to all only where a setting
 * says so, else to this machine, else to administrators.
 */
export const metricsRoute = (access: MetricsAccess, text: () => Promise<string>): Route =>
  route({
    method: 'GET',
    path: '/metrics',
    operationId: 'getMetrics',
    summary: 'Measures of this process in the text format of Prometheus',
    tag: 'Probes',
    permission: access === 'public' ? 'public' : 'process_metrics.read',
    ...(access === 'loopback' ? { openTo: 'loopback' as const } : {}),
    success: { status: 200, contentType: TEXT },
    limited: false,
    handler: async () => ({ content: { type: TEXT, data: await text() } }),
  });
