// SPDX-License-Identifier: Apache-2.0
/** @slow 900: the first run builds the server. */
import { onMongo, scratch } from '../read-store/mongodb/server.harness.js';
import { telemetryContract } from './contract.harness.js';

await onMongo('telemetry on MongoDB', (server) => {
  telemetryContract(`mongodb, ${server.name}`, async () => {
    const place = scratch(server);
    return { store: await place.open(), dispose: place.dispose };
  });
});
