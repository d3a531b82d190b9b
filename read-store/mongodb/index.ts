// SPDX-License-Identifier: Apache-2.0
/**
 * The read store in a database of MongoDB. Imported where it is needed, so that a process with another store never
 * loads the driver.
 *
 * What a deployment guarantees, found out at start:
 *  - A replica set or a sharded cluster: documents and checkpoint move in one transaction, acknowledged by a majority
 *    and on its disks. Readers see all of a commit or none of it.
 *  - A server alone has no transactions. A commit first stores what it is going to write (an intent), then decides by
 *    one write on the projection's control document, which asks for epoch and checkpoint, and then writes the documents
 *    and moves the checkpoint. Interrupted before the decision, nothing has happened; after it, the next owner or the next
 *    commit finishes the work. Each document says which position it stands for and is never taken back to an earlier
 *    one, so that a late writer changes nothing. Readers may see a part of a commit while it is being written, and
 *    after a crash until the next owner comes. `write` of several documents may be interrupted between them.
 *  - Every deployment: lease, epoch and checkpoint are one document, so that a commit and a new owner exclude each other.
 *
 * Whoever finds no server makes the next call go through a new client (`renewing.ts` says why).
 *
 * An answer can be lost on its way: after `StoreUnavailable` a commit may have happened. Asking again is safe: it says
 * `moved`.
 */
import type { ReadStore } from '../port.js';
import { openDatabase } from './open.js';
import { renewing } from './renewing.js';
import type { MongoSettings } from './settings.js';
import { storeOn } from './store.js';

export type { MongoSettings } from './settings.js';

/** Errors: `StoreUnusable` with the reason; `StoreUnavailable` when the server does not answer in time. */
export async function mongoReadStore(settings: MongoSettings): Promise<ReadStore> {
  const open = async (): Promise<ReadStore> => storeOn(await openDatabase(settings));
  return renewing(await open(), open);
}
