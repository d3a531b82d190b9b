// SPDX-License-Identifier: Apache-2.0
/** The files of an agent at a moment of the past: those that it was to run, and those that its nginx ran. */
import { type ConfigAt, type ConfigState, holdingOf, initialConfig } from '../../domain/index.js';
import { type Clock, pace } from '../../kernel/index.js';
import type { AgentAt } from './agent.js';
import type { Past } from './config.js';
import { type Rendered, rendererFor } from './rendered.js';

interface AgentFiles {
  /** The version as it is desired; undefined where nothing is known of the agent's nginx, or of the agent. */
  readonly whole: Rendered | undefined;
  /** The same with what the agent ran in place of parked hosts; undefined where that makes no difference. */
  readonly partial: Rendered | undefined;
}

export function agentFiles({ past, clock }: { readonly past: Past; readonly clock: Clock }) {
  /** Each of them once, however many hosts were held as it had them. */
  const versionsOf = (workspaceId: string) => {
    const known = new Map<number, Promise<ConfigState>>();
    const load = async (version: number): Promise<ConfigState> =>
      (await past.versions(workspaceId, [version])).get(version)?.config ?? initialConfig();
    return (version: number): Promise<ConfigState> => {
      const found = known.get(version) ?? load(version);
      known.set(version, found);
      return found;
    };
  };

  return {
    /** What it was to run. */
    desired: async (
      workspaceId: string,
      agentId: string,
      { config }: ConfigAt,
      { state: { build, parked } }: AgentAt,
    ): Promise<AgentFiles> => {
      if (!build) {
        return { whole: undefined, partial: undefined };
      }
      const render = rendererFor(agentId, build, pace(clock));
      const whole = await render(config);
      if (!whole || parked.length === 0) {
        return { whole, partial: undefined };
      }
      const partial = await render(config, await holdingOf(versionsOf(workspaceId), parked));
      const same = partial?.bundle?.digest === whole.bundle?.digest;
      return { whole, partial: same ? undefined : partial };
    },
    /** What nginx itself had answered with, to the byte; undefined where it cannot be made again. */
    proven: async (
      workspaceId: string,
      agentId: string,
      { proven, provenWith }: AgentAt,
    ): Promise<Rendered | undefined> => {
      const build = provenWith?.build;
      const found = proven && (await past.versions(workspaceId, [proven.version])).get(proven.version);
      if (!build || !found) {
        return undefined;
      }
      const render = rendererFor(agentId, build, pace(clock));
      const versions = versionsOf(workspaceId);
      for (const parked of provenWith.parked) {
        const holding = await holdingOf(versions, parked);
        const rendered = await render(found.config, holding);
        if (rendered?.bundle?.digest === proven.digest) {
          return rendered;
        }
      }
      return undefined;
    },
  };
}
