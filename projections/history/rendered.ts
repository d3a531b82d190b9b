// SPDX-License-Identifier: Apache-2.0
import type { ConfigState } from '../../domain/index.js';
import {
  type Bundle,
  type Capabilities,
  compile,
  type Provenance,
  provenanceOf,
  RenderRefused,
  render,
} from '../../nginx/index.js';
import type { NginxBuild } from '../../schemas/index.js';
import { unifiedDiff } from './lines.js';

const capabilitiesOf = (build: NginxBuild): Capabilities => ({
  nginxVersion: build.nginx_version,
  modules: build.modules,
  bundlePrefix: build.bundle_prefix,
  webRoots: build.web_roots,
});

/** What an agent was to run at a version; `refused` says why it could not be written for its nginx. */
export type Rendered =
  | { readonly bundle: Bundle; readonly refused: null }
  | { readonly bundle: null; readonly refused: string };

/** Undefined when the version does not know the agent. Private keys are never in a bundle. */
export function renderFor(config: ConfigState, agentId: string, build: NginxBuild): Rendered | undefined {
  const agent = config.agents.get(agentId);
  if (!agent) {
    return undefined;
  }
  try {
    const model = compile(config, { id: agentId, labels: agent.labels });
    return { bundle: render(model, capabilitiesOf(build)), refused: null };
  } catch (error) {
    if (error instanceof RenderRefused) {
      return { bundle: null, refused: error.message };
    }
    throw error;
  }
}

/** Where each line of a file comes from; undefined when the agent has no such file at this version. */
export function linesOf(
  config: ConfigState,
  agentId: string,
  build: NginxBuild,
  path: string,
): readonly (Provenance | undefined)[] | undefined {
  const agent = config.agents.get(agentId);
  return (
    agent && provenanceOf(compile(config, { id: agentId, labels: agent.labels }), capabilitiesOf(build), path)
  );
}

export interface FileDiff {
  readonly path: string;
  readonly before_sha256: string | null;
  readonly after_sha256: string | null;
  readonly diff: string;
}

/** The files that differ, in order of path. */
export function fileDiffs(before: Bundle | null, after: Bundle | null): readonly FileDiff[] {
  const old = new Map(before?.files.map((file) => [file.path, file]));
  const now = new Map(after?.files.map((file) => [file.path, file]));
  return [...new Set([...old.keys(), ...now.keys()])].sort().flatMap((path) => {
    const [a, b] = [old.get(path), now.get(path)];
    return a?.sha256 === b?.sha256
      ? []
      : [
          {
            path,
            before_sha256: a?.sha256 ?? null,
            after_sha256: b?.sha256 ?? null,
            diff: unifiedDiff(path, a?.content ?? null, b?.content ?? null),
          },
        ];
  });
}
