// SPDX-License-Identifier: Apache-2.0
import { digestOf } from '../kernel/index.js';
import type { UpstreamModel } from './compiled.js';
import type { ServerSpec, UpstreamSpec } from './model.js';
import type { Origin } from './tree.js';
import type { ProxyUrl } from './url.js';

/** nginx's own values for a server of which nothing is said. */
const PLAIN = { weight: 1, backup: false, down: false, max_fails: 1, fail_timeout: 10 };

interface Content {
  readonly algorithm: UpstreamSpec['algorithm'];
  readonly servers: readonly ServerSpec[];
  readonly keepalive: number;
}

/** The same content has the same name, whoever asked for it; another content is another block with another zone. */
function named(content: Content, origin: Origin, field: string | undefined): UpstreamModel {
  const digest = digestOf(content);
  return { name: `nx_${digest.slice(0, 12)}`, digest, ...content, origin, field };
}

export function upstreamModel(spec: UpstreamSpec): UpstreamModel {
  const content: Content = {
    // Weights alone make the difference between the two.
    algorithm: spec.algorithm === 'weighted_round_robin' ? 'round_robin' : spec.algorithm,
    servers: spec.servers.map(({ address, weight, backup, down, max_fails, fail_timeout }) => ({
      address,
      weight,
      backup,
      down,
      max_fails,
      fail_timeout,
    })),
    keepalive: spec.keepalive_connections,
  };
  return named(content, { kind: 'upstream', id: spec.id, name: spec.name }, undefined);
}

/** The upstream that a literal URL stands for: shared as any other, and without kept connections, as nginx does. */
export function literalUpstream(url: ProxyUrl, origin: Origin, field: string): UpstreamModel {
  const server: ServerSpec = { address: `${url.host}:${url.port}`, ...PLAIN };
  return named({ algorithm: 'round_robin', servers: [server], keepalive: 0 }, origin, field);
}
