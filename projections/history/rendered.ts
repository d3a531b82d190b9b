// SPDX-License-Identifier: Apache-2.0
/** What an agent was to run at a version, rendered again as it was sent: with what it ran in place of parked hosts. */
import {
  type ConfigState,
  contentOf,
  type Holding,
  NOTHING_HELD,
  substitutesOf,
} from '../../domain/index.js';
import type { Pace } from '../../kernel/index.js';
import {
  type Bundle,
  bundler,
  type Capabilities,
  type Provenance,
  RenderRefused,
  targetMatches,
} from '../../nginx/index.js';
import type { NginxBuild } from '../../schemas/index.js';

const capabilitiesOf = (build: NginxBuild): Capabilities => ({
  nginxVersion: build.nginx_version,
  modules: build.modules,
  bundlePrefix: build.bundle_prefix,
  webRoots: build.web_roots,
});

/** `refused` says why it could not be written for the agent's nginx. */
export type Rendered =
  | {
      readonly bundle: Bundle;
      readonly refused: null;
      /** Where each line of a file comes from; undefined when the agent has no such file. */
      linesOf(path: string): readonly (Provenance | undefined)[] | undefined;
    }
  | { readonly bundle: null; readonly refused: string };

/** Renders versions one after the other: what they have in common is rendered once. */
export type Renderer = (config: ConfigState, holding?: Holding) => Promise<Rendered | undefined>;

/** Gives undefined where the version does not know the agent. Private keys are never in a bundle. */
export function rendererFor(agentId: string, build: NginxBuild, breathe: Pace): Renderer {
  const bundles = bundler();
  const capabilities = capabilitiesOf(build);
  return async (config, holding = NOTHING_HELD) => {
    const labels = config.agents.get(agentId)?.labels;
    if (!labels) {
      return undefined;
    }
    const agent = { id: agentId, labels };
    try {
      const snapshot = bundles.snapshot(config);
      // A host that was changed since it was parked is no longer.
      const substitutes = substitutesOf(holding, (id, content) => {
        const host = config.virtualHosts.get(id);
        return (
          host !== undefined &&
          targetMatches(host.target_agents, agent) &&
          contentOf(config, host) === content
        );
      });
      for (const _ of snapshot.steps(agent, capabilities, substitutes)) {
        await breathe();
      }
      return {
        bundle: snapshot.bundle(agent, capabilities, substitutes),
        refused: null,
        linesOf: (path) => snapshot.provenance(agent, capabilities, path, substitutes),
      };
    } catch (error) {
      if (error instanceof RenderRefused) {
        return { bundle: null, refused: error.message };
      }
      throw error;
    }
  };
}
