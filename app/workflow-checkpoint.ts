// SPDX-License-Identifier: Apache-2.0
import type { ReadStore } from '../read-store/index.js';

const COLLECTION = 'workflow_checkpoints';

export interface Checkpoint {
  load(): Promise<bigint>;
  save(position: bigint): Promise<void>;
}

/** Where a workflow goes on after a restart. It may be lost with the read store: its own streams are its memory. */
export function workflowCheckpoint(store: ReadStore, id: string): Checkpoint {
  const defined = store.define([{ name: COLLECTION, indexes: [] }]);
  return {
    load: async () => {
      await defined;
      const doc = await store.get(COLLECTION, id);
      return typeof doc?.position === 'string' ? BigInt(doc.position) : 0n;
    },
    save: async (position) => {
      await store.write([{ kind: 'put', collection: COLLECTION, doc: { id, position: String(position) } }]);
    },
  };
}
