// SPDX-License-Identifier: Apache-2.0
/** What an agent runs in place of hosts that it does not take. */
import { canonicalJson, sha256 } from '../../kernel/index.js';
import { compileHost, type HostModel, type Substitutes } from '../../nginx/index.js';
import type { ParkedHost, VirtualHost } from '../../schemas/index.js';
import type { ConfigState } from './state.js';
import { resourceDigest } from './targets.js';

/** What stands in place of a host that is parked; nothing where it has never run. */
export interface Instead {
  /** The host as it is desired: with any other content it is no longer parked. */
  readonly content: string;
  readonly held: { readonly host: VirtualHost; readonly model: HostModel } | undefined;
}

/** The hosts that an agent is not to run as desired. Equal keys mean the same. */
export interface Holding {
  readonly key: string;
  readonly hosts: ReadonlyMap<string, Instead>;
}

export const NOTHING_HELD: Holding = { key: '', hosts: new Map() };

type Resources = Pick<ConfigState, 'upstreams' | 'certificates'>;

/** Digest of a host with all that it refers to. */
export function contentOf(resources: Resources, host: VirtualHost): string {
  const parts = [resourceDigest(host)];
  for (const { upstream_id } of host.locations) {
    const upstream = upstream_id === null ? undefined : resources.upstreams.get(upstream_id);
    parts.push(upstream ? resourceDigest(upstream) : '-');
  }
  const id = host.ssl_certificate_id;
  parts.push((id === null ? null : resources.certificates.get(id)?.fingerprint) ?? '-');
  return sha256(parts.join('\n'));
}

// One model a host and version: agents that hold the same share its rendered file.
const models = new WeakMap<VirtualHost, HostModel>();

/** A workspace's configuration as a version had it; rejects while the log cannot be read. */
type Versions = (version: number) => Promise<ConfigState>;

async function heldOf(versions: Versions, { virtual_host_id, held_version }: ParkedHost) {
  if (held_version === null) {
    return undefined;
  }
  const config = await versions(held_version);
  const host = config.virtualHosts.get(virtual_host_id);
  if (!host) {
    return undefined;
  }
  const model = models.get(host) ?? compileHost(config, host);
  models.set(host, model);
  return { host, model };
}

export async function holdingOf(versions: Versions, parked: readonly ParkedHost[]): Promise<Holding> {
  if (parked.length === 0) {
    return NOTHING_HELD;
  }
  const hosts = new Map<string, Instead>();
  for (const one of parked) {
    const held = await heldOf(versions, one);
    hosts.set(one.virtual_host_id, { content: one.content, held });
  }
  const keys = parked.map((one) => canonicalJson([one.virtual_host_id, one.content, one.held_version]));
  return { key: keys.sort().join(), hosts };
}

/** As the renderer takes it: of these hosts, those that are still as they were when they were parked. */
export function substitutesOf(
  holding: Holding,
  holds: (id: string, content: string) => boolean,
): Substitutes {
  const hosts = new Map<string, HostModel | undefined>();
  const key: [string, string][] = [];
  for (const [id, { content, held }] of holding.hosts) {
    if (holds(id, content)) {
      hosts.set(id, held?.model);
      key.push([id, held ? resourceDigest(held.model) : '']);
    }
  }
  return { key: hosts.size === 0 ? '' : canonicalJson(key), hosts };
}
