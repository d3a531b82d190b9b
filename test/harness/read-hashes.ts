// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import { systemClock } from '../../kernel/index.js';
import { readModels } from '../../projections/index.js';
import { collectionName } from '../../read-store/index.js';
import { sqliteReadStore } from '../../read-store/sqlite/index.js';

/** A hash of all documents of each collection of the read models in a folder that no process is using. */
export async function readHashes(dataDir: string): Promise<Record<string, string>> {
  const store = sqliteReadStore({ path: join(dataDir, 'read.db'), clock: systemClock });
  const found: Record<string, string> = {};
  for (const { name, version, collections } of readModels) {
    for (const collection of collections) {
      found[collection.name] = await store.hash(collectionName(name, version, collection.name));
    }
  }
  await store.close();
  return found;
}
