// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { manualClock } from '../clock.harness.js';
import { readStoreContract } from '../contract/read-store.contract.js';
import type { ReadStore } from '../index.js';
import { sqliteReadStore } from './index.js';

for (const shared of [false, true]) {
  readStoreContract(shared ? 'sqlite, two connections' : 'sqlite, alone', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'nxmesh-store-'));
    const clock = manualClock();
    const opened: ReadStore[] = [];
    const open = (): ReadStore => {
      const store = sqliteReadStore({ path: join(folder, 'read.db'), clock, shared });
      opened.push(store);
      return store;
    };
    const store = open();
    return {
      store,
      elapse: async (ms) => clock.advance(ms),
      other: async () => (shared ? open() : store),
      dispose: async () => {
        await Promise.all(opened.map((one) => one.close()));
        rmSync(folder, { recursive: true });
      },
    };
  });
}
