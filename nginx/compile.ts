// SPDX-License-Identifier: Apache-2.0
import { digestOf, invariant } from '../kernel/index.js';
import { isIpv4 } from './address.js';
import type { HostModel, HostShape, Model, PortModel, UpstreamModel } from './compiled.js';
import { hostModel, type References } from './host-model.js';
import type { AgentSpec, HostSpec, Resources } from './model.js';
import { RenderRefused } from './refusal.js';
import { targetMatches } from './selector.js';
import type { Socket } from './sockets.js';
import { upstreamModel } from './upstream-model.js';

export const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** The upstreams that these hosts use, each once; one that was asked for as such stands before one of a literal URL. */
export function upstreamsOf(hosts: readonly HostModel[]): readonly UpstreamModel[] {
  const distinct = new Set<UpstreamModel>();
  for (const host of hosts) {
    for (const upstream of host.upstreams) {
      distinct.add(upstream);
    }
  }
  const found = new Map<string, UpstreamModel>();
  for (const upstream of distinct) {
    const known = found.get(upstream.name);
    invariant(
      known === undefined || known.digest === upstream.digest,
      `two upstreams named ${upstream.name}`,
    );
    if (known === undefined || preferred(upstream, known)) {
      found.set(upstream.name, upstream);
    }
  }
  return [...found.values()].sort((a, b) => byText(a.name, b.name));
}

const preferred = (a: UpstreamModel, b: UpstreamModel): boolean =>
  a.origin.kind === b.origin.kind ? a.origin.id < b.origin.id : a.origin.kind === 'upstream';

const isAddress = (name: string): boolean => isIpv4(name) || name.startsWith('[');

/** A port with one more host on it. */
function joined(known: PortModel | undefined, socket: Socket, { shape, values }: HostModel): PortModel {
  const { port, address, ssl } = socket;
  const certificate = ssl ? values.certificate : null;
  const addressed = certificate !== null && values.names.some(isAddress) ? certificate : null;
  return {
    port,
    addresses: [...new Set([...(known?.addresses ?? []), address])].sort(byText),
    tls: ssl,
    http2: (ssl && shape.http2) || (known?.http2 ?? false),
    http3: (ssl && shape.http3) || (known?.http3 ?? false),
    certificate: known?.certificate ?? certificate,
    addressCertificate: known?.addressCertificate ?? addressed,
  };
}

/** The ports of these hosts. Throws RenderRefused where one port is wanted with and without TLS. */
export function portsOf(hosts: readonly HostModel[]): readonly PortModel[] {
  const found = new Map<number, PortModel>();
  for (const host of hosts) {
    for (const socket of host.shape.sockets) {
      const { port, ssl, address, field } = socket;
      const known = found.get(port);
      if (known && known.tls !== ssl) {
        const message = `port ${port} is used with and without TLS`;
        const at = field === 'listen_port' ? 'ssl_enabled' : `${field}.ssl`;
        throw new RenderRefused('LISTEN_CONFLICT', { ...host.origin, field: at }, message);
      }
      // Most ports are plain, and there is nothing more to learn from their second host.
      if (!known || ssl || !known.addresses.includes(address)) {
        found.set(port, joined(known, socket, host));
      }
    }
  }
  return [...found.values()].sort((a, b) => a.port - b.port);
}

function referencesIn(resources: Resources): References {
  const upstreams = new Map<string, UpstreamModel | undefined>();
  return {
    upstream: (id) => {
      if (!upstreams.has(id)) {
        const spec = resources.upstreams.get(id);
        upstreams.set(id, spec && upstreamModel(spec));
      }
      return upstreams.get(id);
    },
    certificate: (id) => resources.certificates.get(id),
  };
}

/** One host with what it refers to. Throws RenderRefused when no nginx can serve it. */
export const compileHost = (resources: Resources, spec: HostSpec): HostModel =>
  hostModel(spec, referencesIn(resources));

/**
 * Selects what one agent is to run and resolves its references.
 * Throws RenderRefused when a resource cannot be rendered by any nginx.
 */
export function compile(resources: Resources, agent: AgentSpec): Model {
  const references = referencesIn(resources);
  const hosts = [...resources.virtualHosts.values()]
    .filter((spec) => targetMatches(spec.target_agents, agent))
    .sort((a, b) => byText(a.id, b.id))
    .map((spec) => hostModel(spec, references));
  return { hosts, upstreams: upstreamsOf(hosts), ports: portsOf(hosts) };
}

/** Two hosts of one shape can share a server whose values come from maps. */
export const shapeKey = (shape: HostShape): string => digestOf(shape);
