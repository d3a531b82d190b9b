// SPDX-License-Identifier: Apache-2.0
import { parseAddress } from './address.js';
import { supports } from './capabilities.js';
import type { UpstreamModel } from './compiled.js';
import type { Capabilities, ServerSpec } from './model.js';
import { RenderRefused } from './refusal.js';
import { type Arg, type Directive, int, name, param, quantity, word } from './tree.js';

/** Memory for the peers' state: about 1 kB each with their names, rounded up to what few reloads change. */
const zoneKilobytes = (servers: number): number => 64 * Math.ceil((servers + 32) / 64) * 2;

function serverArgs(server: ServerSpec): readonly Arg[] | undefined {
  const address = parseAddress(server.address);
  return (
    address && [
      { kind: 'address', ...address },
      ...(server.weight === 1 ? [] : [param('weight', server.weight)]),
      param('max_fails', server.max_fails),
      param('fail_timeout', server.fail_timeout, 's'),
      ...(server.backup ? [word('backup')] : []),
      ...(server.down ? [word('down')] : []),
    ]
  );
}

function balancing(algorithm: UpstreamModel['algorithm']): readonly Directive[] {
  switch (algorithm) {
    case 'least_connections':
      return [{ name: 'least_conn', args: [], field: 'algorithm' }];
    case 'ip_hash':
      return [{ name: 'ip_hash', args: [], field: 'algorithm' }];
    // Weights alone make the difference: nginx has one round robin.
    case 'round_robin':
    case 'weighted_round_robin':
      return [];
    default:
      return algorithm satisfies never;
  }
}

/** `keepalive` must follow the balancing method. From 1.29.7 on it must be switched off where it is not wanted. */
function keepalive(count: number, capabilities: Capabilities): readonly Directive[] {
  return count > 0 || supports(capabilities, 'keepalive_default')
    ? [{ name: 'keepalive', args: [int(count)], field: 'keepalive_connections' }]
    : [];
}

export function upstreamTree(upstream: UpstreamModel, capabilities: Capabilities): readonly Directive[] {
  const { servers, origin, field } = upstream;
  const block: Directive[] = [
    { name: 'zone', args: [name(upstream.name), quantity(zoneKilobytes(servers.length), 'k')] },
    ...balancing(upstream.algorithm),
    ...servers.map((server, index): Directive => {
      const args = serverArgs(server);
      const from = field ?? `servers[${index}]`;
      if (!args) {
        const provenance = { ...origin, field: field ?? `${from}.address` };
        throw new RenderRefused('VALUE_REFUSED', provenance, 'not an address');
      }
      return { name: 'server', args, field: from };
    }),
    ...keepalive(upstream.keepalive, capabilities),
  ];
  const inside = field === undefined ? block : block.map((directive) => ({ ...directive, field }));
  return [
    { name: 'upstream', args: [name(upstream.name)], origin, field: field ?? 'servers', block: inside },
  ];
}
