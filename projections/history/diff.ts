// SPDX-License-Identifier: Apache-2.0
import {
  type ConfigAt,
  type ConfigState,
  collection,
  diffOf,
  initialConfig,
  nameOf,
  type ResourceDiff,
} from '../../domain/index.js';
import type { Pace } from '../../kernel/index.js';
import { CONFIG_KINDS, type ConfigKind } from '../../schemas/index.js';

export interface NamedDiff extends ResourceDiff {
  readonly name: string;
}

/** The resources that differ between two versions, by kind and name. */
export async function configDiff(
  before: ConfigState,
  after: ConfigState,
  breathe: Pace,
): Promise<readonly NamedDiff[]> {
  const found: NamedDiff[] = [];
  for (const kind of CONFIG_KINDS) {
    found.push(...(await kindDiff(kind, collection(before, kind), collection(after, kind), breathe)));
  }
  return found;
}

async function kindDiff(
  kind: ConfigKind,
  old: ReadonlyMap<string, object>,
  now: ReadonlyMap<string, object>,
  breathe: Pace,
): Promise<readonly NamedDiff[]> {
  const found: NamedDiff[] = [];
  for (const id of new Set([...old.keys(), ...now.keys()])) {
    if (old.get(id) !== now.get(id)) {
      const one = diffOf(kind, id, old.get(id), now.get(id));
      if (one.before === null || one.after === null || one.fields.length > 0) {
        found.push({ ...one, name: nameOf(one.after ?? one.before ?? undefined) });
      }
      await breathe();
    }
  }
  return found.sort((a, b) => (`${a.name} ${a.id}` < `${b.name} ${b.id}` ? -1 : 1));
}

/** The workspace before its first version. */
export const emptyConfig = (): ConfigAt => ({ config: initialConfig(), at: '', position: 0n });
