// SPDX-License-Identifier: Apache-2.0
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fsyncPath, replaceFile } from './durable.js';
import type { Layout } from './layout.js';
import { EMPTY } from './scan.js';
import type { BundleStore } from './store.js';

/**
 * A foreign nginx cannot start while the file that it includes is missing; until the first bundle comes there is an
 * empty one, which is also what the first bundle is rolled back to.
 */
export function prepareEmpty(layout: Layout, store: BundleStore): void {
  if (store.lastGood() !== undefined) {
    return;
  }
  const folder = join(layout.bundles, EMPTY);
  if (!existsSync(folder)) {
    mkdirSync(folder, { mode: 0o700 });
  }
  replaceFile(join(folder, 'http.conf'), '');
  fsyncPath(layout.bundles);
  if (store.current() === undefined) {
    store.link(EMPTY);
  }
  store.markGood(EMPTY);
}
