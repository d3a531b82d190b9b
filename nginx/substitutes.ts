// SPDX-License-Identifier: Apache-2.0
import { portsOf } from './compile.js';
import type { HostModel, UpstreamModel } from './compiled.js';
import type { HostEntry } from './host-table.js';
import type { Capabilities } from './model.js';
import { RenderRefused } from './refusal.js';
import { hostSheet, portSheet, renderSheet, upstreamSheet } from './render.js';

/** Hosts that an agent runs otherwise than the resources have them: as in these models, or, undefined, not at all. */
export interface Substitutes {
  /** Equal for equal substitutes. */
  readonly key: string;
  readonly hosts: ReadonlyMap<string, HostModel | undefined>;
}

export const NO_SUBSTITUTES: Substitutes = { key: '', hosts: new Map() };

/** Runs the task; what refused it, or undefined. */
function refusedBy(task: () => void): RenderRefused | undefined {
  try {
    task();
    return undefined;
  } catch (error) {
    if (error instanceof RenderRefused) {
      return error;
    }
    throw error;
  }
}

/**
 * The hosts that cannot be rendered for these capabilities, each with what refuses it, when all the others are. Those
 * of `substitutes` stand. Throws what is no host's fault.
 */
export function refusalsOf(
  entries: readonly HostEntry[],
  substitutes: Substitutes,
  capabilities: Capabilities,
): ReadonlyMap<string, RenderRefused> {
  const refused = new Map<string, RenderRefused>();
  const upstreams = new Map<UpstreamModel, RenderRefused | undefined>();
  const check = (upstream: UpstreamModel): void => {
    if (!upstreams.has(upstream)) {
      upstreams.set(
        upstream,
        refusedBy(() => renderSheet(upstreamSheet(upstream, capabilities))),
      );
    }
    const error = upstreams.get(upstream);
    if (error) {
      throw error;
    }
  };
  let fit: HostModel[] = [];
  for (const entry of entries) {
    if (substitutes.hosts.has(entry.spec.id)) {
      continue;
    }
    const error = refusedBy(() => {
      const model = entry.model();
      renderSheet(hostSheet(model, capabilities));
      model.upstreams.forEach(check);
      fit.push(model);
    });
    if (error) {
      refused.set(entry.spec.id, error);
    }
  }
  const standing = [...substitutes.hosts.values()].filter((model) => model !== undefined);
  // Each turn takes out the one host that does not agree with those before it.
  for (;;) {
    const error = refusedBy(() => {
      for (const port of portsOf([...standing, ...fit])) {
        renderSheet(portSheet(port, capabilities));
      }
    });
    if (!error) {
      return refused;
    }
    const { id } = error.provenance;
    const rest = fit.filter(({ origin }) => origin.id !== id);
    if (rest.length === fit.length) {
      throw error;
    }
    refused.set(id, error);
    fit = rest;
  }
}
