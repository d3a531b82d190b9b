/** @slow 900: the first run builds the server. */
import { startMongo } from '../../test/services/mongodb.js';
import { readStoreContract } from '../contract/read-store.contract.js';
import { scratch } from './server.harness.js';
import { suite } from 'uvu';

const mongo = await startMongo();
if (mongo) {
  const server = mongo;
  readStoreContract(`mongodb, ${server.name}`, async () => {
    const place = scratch(server);
    return {
      store: await place.open(),
      elapse: place.elapse,
      other: place.open,
      dispose: place.dispose,
    };
  });
}
const after = suite('the server of the tests');
after('is ended', () => mongo?.stop());
after.run();
