// SPDX-License-Identifier: Apache-2.0
import type { CollectionSpec, ReadStore } from '../read-store/index.js';

/** Makes a collection when it is asked for first; where the store was away then, the next one asks again. */
export function onceDefined(store: Pick<ReadStore, 'define'>, spec: CollectionSpec): () => Promise<void> {
  let defined: Promise<void> | undefined;
  return () => {
    defined ??= store.define([spec]).catch((error: unknown) => {
      defined = undefined;
      throw error;
    });
    return defined;
  };
}
