// SPDX-License-Identifier: Apache-2.0
import {
  type ConfigState,
  collection,
  evolveConfig,
  resourceDigest,
  targetDigest,
  targetKey,
  touchedTargets,
} from '../../domain/index.js';
import type { ConfigFact, ConfigRemove, ConfigUpsert, VirtualHost } from '../../schemas/index.js';
import type { Pending } from './pending.js';

/** Recorded in each version, so that a replay knows which compiler rendered it. */
export const COMPILER_VERSION = 1;

/** A version larger than this stands in several parts. */
const PART_BYTES = 512 * 1024;

/**
 * The next version of a workspace as one or more parts, or none when nothing changed. The state is folded on to it,
 * so it must be thrown away if the parts cannot be appended.
 */
export function planVersion(workspaceId: string, state: ConfigState, pending: Pending): ConfigFact[] {
  const upserts = [...pending.upserts.values()].filter((upsert) => differs(state, upsert)).sort(byKey);
  const removes = [...pending.removes.values()]
    .filter(({ kind, id }) => collection(state, kind).has(id))
    .sort(byKey);
  if (upserts.length === 0 && removes.length === 0) {
    return [];
  }
  const hostsBefore = changedHosts(state, upserts, removes);
  const chunks = split(upserts);
  const version = state.version + 1;
  const facts = chunks.map(
    (chunk, index): ConfigFact => ({
      type: 'config.version_published',
      data: {
        workspace_id: workspaceId,
        version,
        part: index + 1,
        parts: chunks.length,
        source_revision: String(pending.revision),
        compiler_version: COMPILER_VERSION,
        upserts: chunk,
        removes: index === 0 ? removes : [],
        targets: {},
        causes: index === 0 ? pending.causes : [],
      },
    }),
  );
  for (const fact of facts) {
    evolveConfig(state, fact);
  }
  const last = facts.at(-1);
  if (last) {
    const keys = touchedKeys(state, hostsBefore, upserts, removes);
    last.data.targets = Object.fromEntries([...keys].sort().map((key) => [key, targetDigest(state, key)]));
    for (const [key, digest] of Object.entries(last.data.targets)) {
      state.targets.set(key, digest);
    }
  }
  return facts;
}

function differs(state: ConfigState, upsert: ConfigUpsert): boolean {
  const known = collection(state, upsert.kind).get(upsert.id);
  return known === undefined || resourceDigest(known) !== resourceDigest(upsert.resource);
}

const byKey = (a: ConfigRemove, b: ConfigRemove): number =>
  a.kind === b.kind ? (a.id < b.id ? -1 : 1) : a.kind < b.kind ? -1 : 1;

/** The hosts that change or go, as they were: whoever ran them is touched too. */
function changedHosts(
  state: ConfigState,
  upserts: readonly ConfigUpsert[],
  removes: readonly ConfigRemove[],
): VirtualHost[] {
  return [...upserts, ...removes].flatMap(({ kind, id }) =>
    kind === 'virtual_host' ? (state.virtualHosts.get(id) ?? []) : [],
  );
}

function touchedKeys(
  state: ConfigState,
  hostsBefore: readonly VirtualHost[],
  upserts: readonly ConfigUpsert[],
  removes: readonly ConfigRemove[],
): Set<string> {
  const changed = [...upserts, ...removes];
  const ids = (wanted: string): Set<string> =>
    new Set(changed.flatMap(({ kind, id }) => (kind === wanted ? id : [])));
  const keys = touchedTargets(state.virtualHosts.values(), {
    upstreams: ids('upstream'),
    certificates: ids('certificate'),
  });
  const hostsNow = [...ids('virtual_host')].flatMap((id) => state.virtualHosts.get(id) ?? []);
  for (const host of [...hostsBefore, ...hostsNow]) {
    keys.add(targetKey(host.target_agents));
  }
  return keys;
}

function split(upserts: readonly ConfigUpsert[]): ConfigUpsert[][] {
  const chunks: ConfigUpsert[][] = [[]];
  let bytes = 0;
  for (const upsert of upserts) {
    const size = JSON.stringify(upsert).length;
    if (bytes > 0 && bytes + size > PART_BYTES) {
      chunks.push([]);
      bytes = 0;
    }
    chunks.at(-1)?.push(upsert);
    bytes += size;
  }
  return chunks;
}
