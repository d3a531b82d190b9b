// SPDX-License-Identifier: Apache-2.0
/** The versions of a workspace folded, with where in the log they came to be. */
import type { Position } from '../../kernel/index.js';
import type { ConfigEvent, ConfigFact } from '../../schemas/index.js';
import { collection, evolve, isComplete } from './evolve.js';
import { type ConfigState, copyOfConfig, initial } from './state.js';

/** A version whole; `at` and `position` are when it was published and where in the log. */
export interface ConfigAt {
  readonly config: ConfigState;
  readonly at: string;
  readonly position: Position;
}

interface Folding {
  readonly config: ConfigState;
  at: string;
  position: Position;
  /** A version counts from its last part on: those that came before it. */
  parts: ConfigFact[];
  /** Of the resources, as JSON. */
  bytes: number;
}

/** What a version is asked for by. */
export interface ConfigMark {
  readonly version: number;
  readonly position: Position;
}

// Resources are replaced, never changed.
const sizes = new WeakMap<object, number>();

/** What a resource takes, with its place in a map. */
function sizeOf(resource: object | undefined): number {
  if (!resource) {
    return 0;
  }
  const size = sizes.get(resource) ?? JSON.stringify(resource).length + 64;
  sizes.set(resource, size);
  return size;
}

function take(state: Folding, part: ConfigFact): void {
  const { upserts, removes } = part.data;
  for (const { kind, id } of [...upserts, ...removes]) {
    state.bytes -= sizeOf(collection(state.config, kind).get(id));
  }
  evolve(state.config, part);
  for (const { resource } of upserts) {
    state.bytes += sizeOf(resource);
  }
}

/** For `folds`: a workspace's stream of versions. */
export const configFold = {
  initial: (): Folding => ({ config: initial(), at: '', position: 0n, parts: [], bytes: 0 }),
  copy: (state: Folding): Folding => ({
    ...state,
    config: copyOfConfig(state.config),
    parts: [...state.parts],
  }),
  markOf: (event: object): ConfigMark => {
    const { data, position } = event as ConfigEvent;
    return { version: data.version, position };
  },
  evolve: (state: Folding, event: object): void => {
    const fact = event as ConfigEvent;
    state.parts.push(fact);
    // Part by part: all of them at once would be long.
    for (const { resource } of fact.data.upserts) {
      sizeOf(resource);
    }
    if (isComplete(fact)) {
      for (const part of state.parts) {
        take(state, part);
      }
      state.parts = [];
      state.at = fact.meta.recorded_at;
      state.position = fact.position;
    }
  },
  bytesOf: ({ bytes, config }: Folding): number => bytes + config.targets.size * 256,
};
