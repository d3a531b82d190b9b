// SPDX-License-Identifier: Apache-2.0
import { type ConfigState, inDigests } from '../domain/index.js';
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
  /** The hosts that the agent serves. */
  hosts(): readonly VirtualHost[];
}

/** What a group of agents is to run at one version. */
export type Rendering =
  | (Common & {
      readonly kind: 'bundle';
      readonly bundle: Bundle;
      /** Where a line (from 1) of a file of the bundle comes from. */
      explain(path: string, line: number): Provenance | undefined;
    })
  | (Common & { readonly kind: 'structured'; readonly upstreams: readonly Upstream[] })
  | (Common & { readonly kind: 'refused'; readonly error: RenderRefused });

/** A workspace's configuration at one version, to be rendered for as many groups as there are. */
export interface Moment {
  render(agent: AgentSpec, capabilities: Capabilities | undefined): Rendering;
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

/** Takes what it needs of a state that goes on changing. */
export function moment(bundler: Bundler, config: ConfigState): Moment {
  let snapshot: ReturnType<Bundler['snapshot']> | Error;
  try {
    snapshot = bundler.snapshot(config);
  } catch (error) {
    snapshot = refusedBy(error);
  }
  const all = [...config.virtualHosts.values()];
  const upstreams = new Map(config.upstreams);

  const hostsOf = (agent: AgentSpec): (() => readonly VirtualHost[]) => {
    let hosts: readonly VirtualHost[] | undefined;
    return () => {
      hosts ??= all.filter((host) => targetMatches(host.target_agents, agent));
      return hosts;
    };
  };
  return {
    render: (agent, capabilities) => {
      const hosts = hostsOf(agent);
      if (!capabilities) {
        const used = new Set(hosts().flatMap((host) => host.locations.map(({ upstream_id }) => upstream_id)));
        const named = [...upstreams.values()].filter(({ id }) => used.has(id));
        const digest = digestOf({ virtual_hosts: hosts().map(inDigests), upstreams: named });
        return { kind: 'structured', digest, hosts, upstreams: named };
      }
      try {
        if (snapshot instanceof Error) {
          throw snapshot;
        }
        const taken = snapshot;
        const bundle = taken.bundle(agent, capabilities);
        const explain = (path: string, line: number) => taken.explain(agent, capabilities, path, line);
        return { kind: 'bundle', digest: bundle.digest, bundle, hosts, explain };
      } catch (error) {
        // There are no bytes to take a digest of: it names what could not be rendered, and for what.
        const digest = digestOf([hosts().map(inDigests), capabilities]);
        return { kind: 'refused', digest, hosts, error: refusedBy(error) };
      }
    },
  };
}
