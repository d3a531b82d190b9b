// SPDX-License-Identifier: Apache-2.0
import { type Clock, timestamp } from '../kernel/index.js';
import type { ReadStore } from '../read-store/index.js';
import { onceDefined } from './defined.js';

const COLLECTION = 'api_key_uses';
const EVERY_MS = 60_000;
/** Keys that are remembered as written; beyond it the oldest is written again a little sooner. */
const MAX_KEYS = 10_000;

export interface ApiKeyUse {
  used(id: string): void;
  /** Key → when it was last used. */
  last(ids: readonly string[]): Promise<ReadonlyMap<string, string>>;
}

/** When keys were last used: telemetry, so it is outside the log, written at most once a minute a key, and may be lost. */
export function apiKeyUse({ store, clock }: { store: ReadStore; clock: Clock }): ApiKeyUse {
  const defined = onceDefined(store, { name: COLLECTION, indexes: [] });
  const written = new Map<string, number>();
  return {
    used: (id) => {
      const now = clock.now();
      if (now - (written.get(id) ?? 0) < EVERY_MS) {
        return;
      }
      written.delete(id);
      written.set(id, now);
      if (written.size > MAX_KEYS) {
        written.delete(written.keys().next().value ?? '');
      }
      const doc = { id, at: timestamp(now) };
      defined()
        .then(() => store.write([{ kind: 'put', collection: COLLECTION, doc }]))
        .catch(() => written.delete(id));
    },
    last: async (ids) => {
      await defined();
      const docs = await store.getMany(COLLECTION, ids);
      return new Map([...docs].map(([id, doc]) => [id, String(doc['at'])]));
    },
  };
}
