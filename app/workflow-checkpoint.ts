// SPDX-License-Identifier: Apache-2.0
import type { Clock } from '../kernel/index.js';
import type { ReadStore } from '../read-store/index.js';
import { onceDefined } from './defined.js';

const COLLECTION = 'workflow_checkpoints';

export interface Checkpoint {
  load(): Promise<bigint>;
  save(position: bigint): Promise<void>;
}

/** A workflow does what it has done already once more after a crash, and finds it done: so much of it is little. */
const SAVE_EVERY_MS = 1_000;

/** Where a workflow goes on after a restart. It may be lost with the read store: its own streams are its memory. */
export function workflowCheckpoint(
  { readStore: store, clock }: { readStore: ReadStore; clock: Clock },
  id: string,
): Checkpoint {
  let savedAt = Number.NEGATIVE_INFINITY;
  const defined = onceDefined(store, { name: COLLECTION, indexes: [] });
  return {
    load: async () => {
      await defined();
      const doc = await store.get(COLLECTION, id);
      return typeof doc?.position === 'string' ? BigInt(doc.position) : 0n;
    },
    save: async (position) => {
      if (clock.monotonic() - savedAt < SAVE_EVERY_MS) {
        return;
      }
      await store.write([{ kind: 'put', collection: COLLECTION, doc: { id, position: String(position) } }]);
      savedAt = clock.monotonic();
    },
  };
}
