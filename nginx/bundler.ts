// SPDX-License-Identifier: Apache-2.0
import { canonicalJson } from '../kernel/index.js';
import { byText, portsOf, upstreamsOf } from './compile.js';
import type { HostModel, Model, UpstreamModel } from './compiled.js';
import { type HostEntry, hostTable } from './host-table.js';
import { manifestDigests } from './manifest.js';
import type { AgentSpec, Bundle, BundleFile, Capabilities, Provenance, Resources } from './model.js';
import type { RenderRefused } from './refusal.js';
import {
  explain,
  hostSheet,
  httpSheet,
  portSheet,
  provenanceOf,
  renderSheet,
  upstreamSheet,
} from './render.js';
import { targetMatches } from './selector.js';
import { NO_SUBSTITUTES, refusalsOf, type Substitutes } from './substitutes.js';

/** The resources as they were at one moment; stays what it is whatever happens to them later. */
interface Snapshot {
  /**
   * The work of `bundle` that grows with the hosts, one by one: who must not hold others up runs it first, with pauses.
   * Throws RenderRefused.
   */
  steps(agent: AgentSpec, capabilities: Capabilities, substitutes?: Substitutes): Iterable<void>;
  /** Throws RenderRefused. The same object again for agents that run the same. */
  bundle(agent: AgentSpec, capabilities: Capabilities, substitutes?: Substitutes): Bundle;
  /** What stands in the way of `bundle`, by the host that must be left out. */
  refusals(
    agent: AgentSpec,
    capabilities: Capabilities,
    substitutes?: Substitutes,
  ): ReadonlyMap<string, RenderRefused>;
  explain(
    agent: AgentSpec,
    capabilities: Capabilities,
    path: string,
    line: number,
    substitutes?: Substitutes,
  ): Provenance | undefined;
  /** Where each line of a file comes from; undefined when there is no such file. */
  provenance(
    agent: AgentSpec,
    capabilities: Capabilities,
    path: string,
    substitutes?: Substitutes,
  ): readonly (Provenance | undefined)[] | undefined;
  /** The hosts that a file of the bundle is there for; none for what belongs to all. */
  dependents(agent: AgentSpec, path: string, substitutes?: Substitutes): readonly string[];
}

/** Keeps what it compiled and rendered, so that the cost of a change is that of the changed resources. */
export interface Bundler {
  /** Looks at every resource once, by identity; the maps may be changed in place afterwards. */
  snapshot(resources: Resources): Snapshot;
  /** The same as `snapshot(resources).bundle(agent, capabilities)`. */
  bundle(resources: Resources, agent: AgentSpec, capabilities: Capabilities): Bundle;
}

/** Rendered files of one set of capabilities; those of hosts and upstreams are forgotten with their models. */
interface Rendered {
  readonly http: BundleFile;
  readonly hosts: WeakMap<HostModel, BundleFile>;
  readonly upstreams: WeakMap<UpstreamModel, BundleFile>;
  readonly ports: Map<string, BundleFile>;
}

/** Different nginx builds in one fleet are few, and so are its ports; more than this and the files are rendered again. */
const MAX_CAPABILITIES = 64;
const MAX_PORTS = 10_000;

function hostFile(cache: Rendered, host: HostModel, capabilities: Capabilities): BundleFile {
  let file = cache.hosts.get(host);
  if (file === undefined) {
    file = renderSheet(hostSheet(host, capabilities));
    cache.hosts.set(host, file);
  }
  return file;
}

export function bundler(): Bundler {
  const table = hostTable();
  const rendered = new Map<string, Rendered>();
  const digestOfManifest = manifestDigests();
  let latest: { readonly hosts: readonly HostEntry[]; readonly snapshot: Snapshot } | undefined;

  const renderedFor = (key: string, capabilities: Capabilities): Rendered => {
    const known = rendered.get(key);
    if (known) {
      return known;
    }
    if (rendered.size >= MAX_CAPABILITIES) {
      rendered.clear();
    }
    const fresh: Rendered = {
      http: renderSheet(httpSheet(capabilities)),
      hosts: new WeakMap(),
      upstreams: new WeakMap(),
      ports: new Map(),
    };
    rendered.set(key, fresh);
    return fresh;
  };

  const filesOf = (model: Model, capabilities: Capabilities, key: string): BundleFile[] => {
    const cache = renderedFor(key, capabilities);
    const files = [cache.http];
    if (cache.ports.size > MAX_PORTS) {
      cache.ports.clear();
    }
    const ports = model.ports.map((port) => {
      const portKey = canonicalJson(port);
      const file = cache.ports.get(portKey) ?? renderSheet(portSheet(port, capabilities));
      cache.ports.set(portKey, file);
      return file;
    });
    files.push(...ports.sort((a, b) => byText(a.path, b.path)));
    for (const upstream of model.upstreams) {
      let file = cache.upstreams.get(upstream);
      if (file === undefined) {
        file = renderSheet(upstreamSheet(upstream, capabilities));
        cache.upstreams.set(upstream, file);
      }
      files.push(file);
    }
    for (const host of model.hosts) {
      files.push(hostFile(cache, host, capabilities));
    }
    return files;
  };

  const snapshotOf = (entries: readonly HostEntry[]): Snapshot => {
    const bundles = new Map<string, Bundle>();
    const namedBy = hostsThatName(entries);
    function* each(agent: AgentSpec, { hosts: instead }: Substitutes): Generator<HostModel> {
      for (const entry of entries) {
        if (targetMatches(entry.spec.target_agents, agent)) {
          const model = instead.has(entry.spec.id) ? instead.get(entry.spec.id) : entry.model();
          if (model) {
            yield model;
          }
        }
      }
    }
    const hostsOf = (agent: AgentSpec, substitutes: Substitutes): readonly HostModel[] => [
      ...each(agent, substitutes),
    ];
    const modelOf = (agent: AgentSpec, substitutes: Substitutes): Model => {
      const hosts = hostsOf(agent, substitutes);
      return { hosts, upstreams: upstreamsOf(hosts), ports: portsOf(hosts) };
    };
    return {
      *steps(agent, capabilities, substitutes = NO_SUBSTITUTES) {
        const cache = renderedFor(canonicalJson(capabilities), capabilities);
        for (const host of each(agent, substitutes)) {
          hostFile(cache, host, capabilities);
          yield;
        }
      },
      bundle: (agent, capabilities, substitutes = NO_SUBSTITUTES) => {
        const capabilitiesKey = canonicalJson(capabilities);
        // Agents of the same labels and capabilities that the same hosts name run the same.
        const named = namedBy.get(agent.id) ?? [];
        const key = canonicalJson([agent.labels, named, capabilitiesKey, substitutes.key]);
        let bundle = bundles.get(key);
        if (bundle === undefined) {
          const files = filesOf(modelOf(agent, substitutes), capabilities, capabilitiesKey);
          bundle = { digest: digestOfManifest(key, files), files };
          bundles.set(key, bundle);
        }
        return bundle;
      },
      refusals: (agent, capabilities, substitutes = NO_SUBSTITUTES) => {
        const meant = entries.filter(({ spec }) => targetMatches(spec.target_agents, agent));
        return refusalsOf(meant, substitutes, capabilities);
      },
      explain: (agent, capabilities, path, line, substitutes = NO_SUBSTITUTES) =>
        explain(modelOf(agent, substitutes), capabilities, path, line),
      provenance: (agent, capabilities, path, substitutes = NO_SUBSTITUTES) =>
        provenanceOf(modelOf(agent, substitutes), capabilities, path),
      dependents: (agent, path, substitutes = NO_SUBSTITUTES) =>
        hostsOf(agent, substitutes).flatMap((host) => (isFor(host, path) ? host.origin.id : [])),
    };
  };

  const snapshot = (resources: Resources): Snapshot => {
    const hosts = table.update(resources);
    if (latest?.hosts !== hosts) {
      latest = { hosts, snapshot: snapshotOf(hosts) };
    }
    return latest.snapshot;
  };

  return {
    snapshot,
    bundle: (resources, agent, capabilities) => snapshot(resources).bundle(agent, capabilities),
  };
}

const isFor = ({ origin, shape, upstreams }: HostModel, path: string): boolean =>
  path === `vhosts/${origin.id}.conf` ||
  shape.sockets.some(({ port }) => path === `ports/${port}.conf`) ||
  upstreams.some(({ name }) => path === `upstreams/${name.slice(3)}.conf`);

/** For each agent that hosts name by its id, those hosts. */
function hostsThatName(entries: readonly HostEntry[]): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const { spec } of entries) {
    if (spec.target_agents.type !== 'list') {
      continue;
    }
    for (const id of spec.target_agents.agent_ids) {
      const hosts = found.get(id) ?? [];
      hosts.push(spec.id);
      found.set(id, hosts);
    }
  }
  return found;
}
