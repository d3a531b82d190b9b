import type { ReadStore } from '../read-store/index.js';

const COLLECTION = 'workflow_checkpoints';
const ID = 'desired-config';

/** Where the workflow goes on after a restart. It may be lost with the read store: its own streams are its memory. */
export function desiredConfigCheckpoint(store: ReadStore) {
  const defined = store.define([{ name: COLLECTION, indexes: [] }]);
  return {
    load: async (): Promise<bigint> => {
      await defined;
      const doc = await store.get(COLLECTION, ID);
      return typeof doc?.position === 'string' ? BigInt(doc.position) : 0n;
    },
    save: async (position: bigint): Promise<void> => {
      await store.write([
        { kind: 'put', collection: COLLECTION, doc: { id: ID, position: String(position) } },
      ]);
    },
  };
}
