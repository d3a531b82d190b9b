// SPDX-License-Identifier: Apache-2.0
/**
 * What the agent's frame may hold besides: settings of the process, paths of the agent's own host. Kept apart from
 * the allow-list of bundles, so that no bundle can ever name them.
 */
import { type ArgType, type GRAMMAR, type Rule, ruleOf } from './grammar.js';

const own: ArgType = { type: 'own' };
const main = (count: number): Rule => ({ contexts: ['main'], args: Array<ArgType>(count).fill(own) });
const http = (count: number): Rule => ({ contexts: ['http'], args: Array<ArgType>(count).fill(own) });

const FRAME_GRAMMAR = {
  access_log: { contexts: ['http', 'location'], args: [own, own], required: 1, repeats: true },
  client_body_temp_path: http(1),
  error_log: main(2),
  events: { contexts: ['main'], args: [], block: 'events' },
  fastcgi_temp_path: http(1),
  http: { contexts: ['main'], args: [], block: 'http' },
  include: { contexts: ['http'], args: [own], many: true },
  log_format: { contexts: ['http'], args: [own, own, own], many: true },
  pid: main(1),
  proxy_temp_path: http(1),
  scgi_temp_path: http(1),
  stub_status: { contexts: ['location'], args: [] },
  uwsgi_temp_path: http(1),
  worker_connections: { contexts: ['events'], args: [own] },
  worker_processes: main(1),
  worker_shutdown_timeout: main(1),
} as const satisfies Record<string, Rule>;

export type FrameDirectiveName = keyof typeof FRAME_GRAMMAR | keyof typeof GRAMMAR;

export const frameRuleOf = (name: string): Rule | undefined =>
  Object.hasOwn(FRAME_GRAMMAR, name) ? FRAME_GRAMMAR[name as keyof typeof FRAME_GRAMMAR] : ruleOf(name);
