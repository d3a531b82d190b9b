// SPDX-License-Identifier: Apache-2.0
import { manualClock } from '../clock.harness.js';
import { readStoreContract } from '../contract/read-store.contract.js';
import { memoryReadStore } from './memory.js';

readStoreContract('memory', async () => {
  const clock = manualClock();
  const store = memoryReadStore({ clock });
  return {
    store,
    elapse: async (ms) => clock.advance(ms),
    other: async () => store,
    dispose: () => store.close(),
  };
});
