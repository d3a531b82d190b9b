// SPDX-License-Identifier: Apache-2.0
import type { AgentLabels, Certificate, Upstream, VirtualHost } from '../../schemas/index.js';

/** A workspace's configuration at one version: what was to run, whole. */
export interface ConfigState {
  /** 0 before the first version. */
  version: number;
  /** Revision of the workspace's stream up to which the version takes everything in; -1 before the first. */
  sourceRevision: bigint;
  compilerVersion: number;
  readonly agents: Map<string, AgentLabels>;
  readonly upstreams: Map<string, Upstream>;
  readonly virtualHosts: Map<string, VirtualHost>;
  readonly certificates: Map<string, Certificate>;
  /** Digest of the resources behind each selector, by `targetKey`. */
  readonly targets: Map<string, string>;
}

export const initial = (): ConfigState => ({
  version: 0,
  sourceRevision: -1n,
  compilerVersion: 0,
  agents: new Map(),
  upstreams: new Map(),
  virtualHosts: new Map(),
  certificates: new Map(),
  targets: new Map(),
});

/** A configuration that goes on by itself; resources are replaced, never changed. */
export const copyOfConfig = (config: ConfigState): ConfigState => ({
  ...config,
  agents: new Map(config.agents),
  upstreams: new Map(config.upstreams),
  virtualHosts: new Map(config.virtualHosts),
  certificates: new Map(config.certificates),
  targets: new Map(config.targets),
});
