// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemTimers } from '../../kernel/index.js';
import { manualClock } from '../clock.harness.js';
import { readStoreContract } from '../contract/read-store.contract.js';
import type { ReadStore } from '../index.js';
import { sqliteReadStore } from './index.js';

const hold = { timers: systemTimers, ms: 10 };
const WAYS = [
  ['sqlite, alone', {}],
  ['sqlite, writes held', { hold }],
  ['sqlite, two connections', { shared: true }],
] as const;

for (const [name, options] of WAYS) {
  const shared = 'shared' in options;
  readStoreContract(name, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'nxmesh-store-'));
    const clock = manualClock();
    const opened: ReadStore[] = [];
    const open = (): ReadStore => {
      const store = sqliteReadStore({ path: join(folder, 'read.db'), clock, ...options });
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
