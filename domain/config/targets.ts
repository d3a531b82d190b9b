// SPDX-License-Identifier: Apache-2.0
import { digestOf, never, sha256 } from '../../kernel/index.js';
import type { TargetAgents, VirtualHost } from '../../schemas/index.js';
import type { ConfigState } from './state.js';

/** The canonical name of a selector: equal selectors have equal keys, however they were written. */
export function targetKey(target: TargetAgents): string {
  switch (target.type) {
    case 'all':
      return 'all';
    case 'selector':
      return `selector:${target.label_selector.split(',').toSorted().join(',')}`;
    case 'list':
      return `list:${target.agent_ids.toSorted().join(',')}`;
    default:
      return never(target, 'target');
  }
}

/** Whether an agent with these labels is behind the key. */
export function keyMatches(key: string, agentId: string, labels: Readonly<Record<string, string>>): boolean {
  const at = key.indexOf(':');
  const kind = at < 0 ? key : key.slice(0, at);
  const members = at < 0 ? [] : key.slice(at + 1).split(',');
  if (kind === 'all') {
    return true;
  }
  if (kind === 'list') {
    return members.includes(agentId);
  }
  return members.every((pair) => {
    const equals = pair.indexOf('=');
    return labels[pair.slice(0, equals)] === pair.slice(equals + 1);
  });
}

/**
 * A resource as it stands in digests. A field that resources had not always stands there only where it says something:
 * what was digested before it came keeps its digest.
 */
export function inDigests<T extends object>(resource: T): T {
  const { listens } = resource as { listens?: readonly unknown[] };
  return listens?.length === 0 ? { ...resource, listens: undefined } : resource;
}

// Resources are replaced, never changed, so a digest once made holds for the object's life.
const digests = new WeakMap<object, string>();

/** Digest of what a resource says, whenever it was said: an undone change gives the digest of before. */
export function resourceDigest(resource: object): string {
  let digest = digests.get(resource);
  if (digest === undefined) {
    digest = digestOf({ ...inDigests(resource), created_at: undefined, updated_at: undefined });
    digests.set(resource, digest);
  }
  return digest;
}

const upstreamIds = (host: VirtualHost): string[] =>
  host.locations.flatMap(({ upstream_id }) => upstream_id ?? []);

/** Keys of the targets whose agents may get other bytes when these hosts, upstreams and certificates change. */
export function touchedTargets(
  hosts: Iterable<VirtualHost>,
  changed: { readonly upstreams: ReadonlySet<string>; readonly certificates: ReadonlySet<string> },
): Set<string> {
  const keys = new Set<string>();
  for (const host of hosts) {
    const usesChanged =
      (host.ssl_certificate_id !== null && changed.certificates.has(host.ssl_certificate_id)) ||
      (changed.upstreams.size > 0 && upstreamIds(host).some((id) => changed.upstreams.has(id)));
    if (usesChanged) {
      keys.add(targetKey(host.target_agents));
    }
  }
  return keys;
}

/** Digest over all that stands behind one key: its hosts, and the upstreams and certificates that they name. */
export function targetDigest(state: ConfigState, key: string): string {
  const members = new Set<string>();
  for (const host of state.virtualHosts.values()) {
    if (targetKey(host.target_agents) !== key) {
      continue;
    }
    members.add(`virtual_host ${host.id} ${resourceDigest(host)}`);
    for (const id of upstreamIds(host)) {
      const upstream = state.upstreams.get(id);
      members.add(`upstream ${id} ${upstream ? resourceDigest(upstream) : '-'}`);
    }
    const certificate =
      host.ssl_certificate_id === null ? undefined : state.certificates.get(host.ssl_certificate_id);
    if (certificate) {
      members.add(`certificate ${certificate.id} ${resourceDigest(certificate)}`);
    }
  }
  return sha256([...members].sort().join('\n'));
}
