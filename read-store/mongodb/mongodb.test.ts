// SPDX-License-Identifier: Apache-2.0
/** @slow 900: the first run builds the server. */
import { readStoreContract } from '../contract/read-store.contract.js';
import { onMongo, type Scratch, scratch } from './server.harness.js';

await onMongo('read store: MongoDB', (server) => {
  const contract = (name: string, opener: (place: Scratch) => Scratch['open']): void =>
    readStoreContract(`mongodb, ${server.name}${name}`, async () => {
      const place = scratch(server);
      const open = opener(place);
      return { store: await open(), elapse: place.elapse, other: open, dispose: place.dispose };
    });
  contract('', (place) => place.open);
  if (server.lacks.includes('transactions')) {
    contract(', spoken to in transactions that it does not keep', (place) => place.openAsReplicaSet);
  }
});
