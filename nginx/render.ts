// SPDX-License-Identifier: Apache-2.0
import { invariant, sha256 } from '../kernel/index.js';
import { byText } from './compile.js';
import type { HostModel, Model, PortModel, UpstreamModel } from './compiled.js';
import { httpDirectives } from './defaults.js';
import { hostTree } from './host-tree.js';
import { manifestDigest } from './manifest.js';
import type { Bundle, BundleFile, Capabilities, Provenance } from './model.js';
import { portTree } from './port-tree.js';
import { renderTree } from './renderer.js';
import type { Directive } from './tree.js';
import { upstreamTree } from './upstream-tree.js';

/** A file before it is text. */
interface Sheet {
  readonly path: string;
  tree(): readonly Directive[];
}

export const httpSheet = (capabilities: Capabilities): Sheet => ({
  path: 'http.conf',
  tree: () => httpDirectives(capabilities),
});

export const portSheet = (port: PortModel, capabilities: Capabilities): Sheet => ({
  path: `ports/${port.port}.conf`,
  tree: () => portTree(port, capabilities),
});

export const upstreamSheet = (upstream: UpstreamModel, capabilities: Capabilities): Sheet => ({
  path: `upstreams/${upstream.name.slice(3)}.conf`,
  tree: () => upstreamTree(upstream, capabilities),
});

export const hostSheet = (host: HostModel, capabilities: Capabilities): Sheet => {
  invariant(/^[a-z0-9-]{1,64}$/.test(host.origin.id), 'an id is a path of the bundle');
  return { path: `vhosts/${host.origin.id}.conf`, tree: () => hostTree(host, capabilities) };
};

export function renderSheet(sheet: Sheet): BundleFile {
  const content = renderTree(sheet.tree(), { context: 'http' });
  return { path: sheet.path, sha256: sha256(content), content };
}

const sheetsOf = (model: Model, capabilities: Capabilities): readonly Sheet[] => [
  httpSheet(capabilities),
  ...model.ports.map((port) => portSheet(port, capabilities)).sort((a, b) => byText(a.path, b.path)),
  ...model.upstreams.map((upstream) => upstreamSheet(upstream, capabilities)),
  ...model.hosts.map((host) => hostSheet(host, capabilities)),
];

/** Renders a model for one nginx. Throws RenderRefused when that nginx cannot serve it. */
export function render(model: Model, capabilities: Capabilities): Bundle {
  const files = sheetsOf(model, capabilities).map(renderSheet);
  return { digest: manifestDigest(files), files };
}

/** Where each line of a rendered file comes from; undefined when there is no such file. */
export function provenanceOf(
  model: Model,
  capabilities: Capabilities,
  path: string,
): readonly (Provenance | undefined)[] | undefined {
  const sheet = sheetsOf(model, capabilities).find((one) => one.path === path);
  if (!sheet) {
    return undefined;
  }
  const lines: (Provenance | undefined)[] = [];
  renderTree(sheet.tree(), { context: 'http', lines });
  return lines;
}

/** Where a line (from 1) of a rendered file comes from; undefined when there is no such line. */
export function explain(
  model: Model,
  capabilities: Capabilities,
  path: string,
  line: number,
): Provenance | undefined {
  return provenanceOf(model, capabilities, path)?.[line - 1];
}
