// SPDX-License-Identifier: Apache-2.0
/** @slow 900: the first run builds the server. */
import { readStoreContract } from '../contract/read-store.contract.js';
import { onMongo, scratch } from './server.harness.js';

await onMongo('read store: MongoDB', (server) =>
  readStoreContract(`mongodb, ${server.name}`, async () => {
    const { open, elapse, dispose } = scratch(server);
    return { store: await open(), elapse, other: open, dispose };
  }),
);
