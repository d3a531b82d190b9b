// SPDX-License-Identifier: Apache-2.0
import { type Route, route } from '../http/index.js';
import { unavailable } from '../kernel/index.js';
import { closed, Type } from '../schemas/index.js';

/** Whether requests can be served, and why not in words that may be shown to anybody. */
export type Ready = () => Promise<{ readonly ok: boolean; readonly why?: string }>;

const Ok = closed({ ok: Type.Literal(true) });

/** For load balancers and supervisors: alive as soon as it answers, ready when it can serve. */
export const probes = (ready: Ready): Route[] => [
  route({
    method: 'GET',
    path: '/livez',
    operationId: 'livez',
    summary: 'Answers while the process is alive',
    tag: 'Probes',
    permission: 'public',
    success: { status: 200, schema: Ok },
    limited: false,
    handler: () => ({ body: { ok: true } }),
  }),
  route({
    method: 'GET',
    path: '/readyz',
    operationId: 'readyz',
    summary: 'Answers 200 while requests can be served',
    tag: 'Probes',
    permission: 'public',
    success: { status: 200, schema: Ok },
    errors: ['SERVICE_UNAVAILABLE'],
    limited: false,
    handler: async () => {
      const { ok, why } = await ready();
      if (!ok) {
        throw unavailable(why ?? 'Not ready');
      }
      return { body: { ok: true } };
    },
  }),
];
