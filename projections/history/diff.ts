// SPDX-License-Identifier: Apache-2.0
import {
  type ConfigState,
  collection,
  diffOf,
  initialConfig,
  nameOf,
  type ResourceDiff,
} from '../../domain/index.js';
import { CONFIG_KINDS } from '../../schemas/index.js';
import type { ConfigAt } from './config.js';

export interface NamedDiff extends ResourceDiff {
  readonly name: string;
}

/** The resources that differ between two versions, by kind and name. */
export function configDiff(before: ConfigState, after: ConfigState): readonly NamedDiff[] {
  return CONFIG_KINDS.flatMap((kind) => {
    const [old, now] = [collection(before, kind), collection(after, kind)];
    const ids = [...new Set([...old.keys(), ...now.keys()])].filter((id) => old.get(id) !== now.get(id));
    return ids
      .map((id) => diffOf(kind, id, old.get(id), now.get(id)))
      .filter((one) => one.before === null || one.after === null || one.fields.length > 0)
      .map((one) => ({ ...one, name: nameOf(one.after ?? one.before ?? undefined) }))
      .sort((a, b) => (`${a.name} ${a.id}` < `${b.name} ${b.id}` ? -1 : 1));
  });
}

/** The workspace before its first version. */
export const emptyConfig = (): ConfigAt => ({ config: initialConfig(), at: '', position: 0n });
