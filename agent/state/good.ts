// SPDX-License-Identifier: Apache-2.0
import type { Journal } from './journal.js';
import type { BundleStore } from './store.js';

/**
 * On a full disk the way back uses up the link to the last good bundle (`linkBack`). Which one that was is what is linked,
 * unless it is the one whose way up was not ended, and else the one that the journal names.
 */
export function findGood(store: BundleStore, journal: Pick<Journal, 'read'>): void {
  const entry = journal.read();
  if (store.lastGood() !== undefined || entry === undefined) {
    return;
  }
  const current = store.current();
  const linkedBack = current === entry.digest ? undefined : current;
  const good = [linkedBack, entry.good?.digest].find(
    (digest) => digest !== undefined && store.manifest(digest) !== undefined,
  );
  if (good !== undefined) {
    store.markGood(good);
  }
}
