import { compile } from './compile.js';
import type { AgentSpec, Bundle, Capabilities, Provenance, Resources } from './model.js';
import { explain, render } from './render.js';

/** The resources as they are at one moment. Asking for another agent's bundle costs little once one is made. */
export interface Snapshot {
  /** Throws RenderRefused. */
  bundle(agent: AgentSpec, capabilities: Capabilities): Bundle;
  explain(agent: AgentSpec, capabilities: Capabilities, path: string, line: number): Provenance | undefined;
}

/** Keeps what it rendered, so that the cost of a change is that of the changed resources. */
export interface Bundler {
  /** Looks at every resource once, by identity; the maps may be changed in place afterwards. */
  snapshot(resources: Resources): Snapshot;
  /** The same as `snapshot(resources).bundle(agent, capabilities)`. */
  bundle(resources: Resources, agent: AgentSpec, capabilities: Capabilities): Bundle;
}

export function bundler(): Bundler {
  const snapshot = (resources: Resources): Snapshot => ({
    bundle: (agent, capabilities) => render(compile(resources, agent), capabilities),
    explain: (agent, capabilities, path, line) =>
      explain(compile(resources, agent), capabilities, path, line),
  });
  return {
    snapshot,
    bundle: (resources, agent, capabilities) => snapshot(resources).bundle(agent, capabilities),
  };
}
