// SPDX-License-Identifier: Apache-2.0
import {
  type ConfigState,
  contentOf,
  type Holding,
  inDigests,
  NOTHING_HELD,
  substitutesOf,
} from '../domain/index.js';
import { digestOf, errorMessage } from '../kernel/index.js';
import {
  type AgentSpec,
  type Bundle,
  type Bundler,
  type Capabilities,
  type Provenance,
  RenderRefused,
  targetMatches,
} from '../nginx/index.js';
import type { Upstream, VirtualHost } from '../schemas/index.js';

interface Common {
  /** Of the bundle's manifest; of the resources where there is no bundle. */
  readonly digest: string;
  /** The hosts that the agent serves: those that are held back as they were. */
  hosts(): readonly VirtualHost[];
  /** By id, every host that it is meant to serve, as it is desired. */
  desired(): ReadonlyMap<string, { readonly name: string; readonly content: string }>;
  /** Hosts that stand in it otherwise than desired, or not at all. */
  readonly held: ReadonlySet<string>;
}

/** What a group of agents is to run at one version. */
export type Rendering =
  | (Common & {
      readonly kind: 'bundle';
      readonly bundle: Bundle;
      /** Where a line (from 1) of a file of the bundle comes from. */
      explain(path: string, line: number): Provenance | undefined;
      /** The hosts that a file of it is there for. */
      dependents(path: string): readonly string[];
    })
  | (Common & { readonly kind: 'structured'; readonly upstreams: readonly Upstream[] })
  | (Common & {
      readonly kind: 'refused';
      readonly error: RenderRefused;
      /** The hosts that stand in its way; none when it is no host's fault. */
      readonly refusals: ReadonlyMap<string, RenderRefused>;
    });

/** A workspace's configuration at one version, to be rendered for as many groups as there are. */
export interface Moment {
  render(agent: AgentSpec, capabilities: Capabilities | undefined, holding?: Holding): Rendering;
}

/** A fault of ours in one workspace's configuration must not stop the others': it is told as a refusal. */
const refusedBy = (error: unknown): RenderRefused =>
  error instanceof RenderRefused
    ? error
    : new RenderRefused(
        'VALUE_REFUSED',
        { kind: 'nxmesh', id: '', name: '', field: '' },
        `NxMesh could not render it: ${errorMessage(error)}`,
      );

function refusalsOf(task: () => ReadonlyMap<string, RenderRefused>): ReadonlyMap<string, RenderRefused> {
  try {
    return task();
  } catch {
    return new Map();
  }
}

/** Takes what it needs of a state that goes on changing. */
export function moment(bundler: Bundler, config: ConfigState): Moment {
  let snapshot: ReturnType<Bundler['snapshot']> | Error;
  try {
    snapshot = bundler.snapshot(config);
  } catch (error) {
    snapshot = refusedBy(error);
  }
  const all = new Map(config.virtualHosts);
  const upstreams = new Map(config.upstreams);
  const certificates = new Map(config.certificates);

  /** What an agent is meant to serve, and what of it is held back. */
  const commonOf = (agent: AgentSpec, holding: Holding) => {
    let meant: readonly VirtualHost[] | undefined;
    const meantHosts = (): readonly VirtualHost[] => {
      meant ??= [...all.values()].filter((host) => targetMatches(host.target_agents, agent));
      return meant;
    };
    const contentNow = (host: VirtualHost): string => contentOf({ upstreams, certificates }, host);
    const substitutes = substitutesOf(holding, (id, content) => {
      const host = all.get(id);
      return host !== undefined && targetMatches(host.target_agents, agent) && contentNow(host) === content;
    });
    const held = new Set(substitutes.hosts.keys());
    const common = {
      held,
      hosts: (): readonly VirtualHost[] =>
        held.size === 0
          ? meantHosts()
          : meantHosts().flatMap((host) =>
              held.has(host.id) ? (holding.hosts.get(host.id)?.held?.host ?? []) : host,
            ),
      desired: () =>
        new Map(meantHosts().map((host) => [host.id, { name: host.name, content: contentNow(host) }])),
    };
    return { common, substitutes };
  };
  return {
    render: (agent, capabilities, holding = NOTHING_HELD) => {
      if (!capabilities) {
        // Without files there is no line that points at a host: nothing is parked.
        const { common } = commonOf(agent, NOTHING_HELD);
        const hosts = common.hosts();
        const used = new Set(hosts.flatMap((host) => host.locations.map(({ upstream_id }) => upstream_id)));
        const named = [...upstreams.values()].filter(({ id }) => used.has(id));
        const digest = digestOf({ virtual_hosts: hosts.map(inDigests), upstreams: named });
        return { kind: 'structured', digest, ...common, upstreams: named };
      }
      const { common, substitutes } = commonOf(agent, holding);
      try {
        if (snapshot instanceof Error) {
          throw snapshot;
        }
        const taken = snapshot;
        const bundle = taken.bundle(agent, capabilities, substitutes);
        return {
          kind: 'bundle',
          digest: bundle.digest,
          bundle,
          ...common,
          explain: (path, line) => taken.explain(agent, capabilities, path, line, substitutes),
          dependents: (path) => taken.dependents(agent, path, substitutes),
        };
      } catch (error) {
        const taken = snapshot;
        const refusals = refusalsOf(() =>
          taken instanceof Error ? new Map() : taken.refusals(agent, capabilities, substitutes),
        );
        // There are no bytes to take a digest of: it names what could not be rendered, and for what.
        const digest = digestOf([common.hosts().map(inDigests), capabilities]);
        return { kind: 'refused', digest, ...common, error: refusedBy(error), refusals };
      }
    },
  };
}
