// SPDX-License-Identifier: Apache-2.0
import { never } from '../../kernel/index.js';
import type { ConfigFact, ConfigKind, ConfigUpsert } from '../../schemas/index.js';
import type { ConfigState } from './state.js';

/**
 * Takes one part of a version in. The state stands between two versions until the last part: readers that serve it
 * look at it only when `isComplete` of the fact that they folded says so.
 */
export function evolve(state: ConfigState, fact: ConfigFact): void {
  const { data } = fact;
  for (const upsert of data.upserts) {
    put(state, upsert);
  }
  for (const { kind, id } of data.removes) {
    collection(state, kind).delete(id);
  }
  for (const [key, digest] of Object.entries(data.targets)) {
    state.targets.set(key, digest);
  }
  if (isComplete(fact)) {
    state.version = data.version;
    state.sourceRevision = BigInt(data.source_revision);
    state.compilerVersion = data.compiler_version;
  }
}

export const isComplete = (fact: ConfigFact): boolean => fact.data.part === fact.data.parts;

function put(state: ConfigState, upsert: ConfigUpsert): void {
  switch (upsert.kind) {
    case 'agent':
      state.agents.set(upsert.id, upsert.resource);
      return;
    case 'certificate':
      state.certificates.set(upsert.id, upsert.resource);
      return;
    case 'upstream':
      state.upstreams.set(upsert.id, upsert.resource);
      return;
    case 'virtual_host':
      state.virtualHosts.set(upsert.id, upsert.resource);
      return;
    default:
      never(upsert, 'kind of resource');
  }
}

/** The resources of one kind. */
export function collection(state: ConfigState, kind: ConfigKind): Map<string, object> {
  switch (kind) {
    case 'agent':
      return state.agents;
    case 'certificate':
      return state.certificates;
    case 'upstream':
      return state.upstreams;
    case 'virtual_host':
      return state.virtualHosts;
    default:
      return never(kind, 'kind of resource');
  }
}
