// SPDX-License-Identifier: Apache-2.0
/**
 * The log's contract through the real client: against the double of test/eventstoredb, and against a real server too
 * where `NXMESH_TEST_EVENTSTORE_URL` names one.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { startDouble } from '../../test/eventstoredb/index.js';
import { until } from '../../test/harness/until.js';
import { logContract } from '../contract/index.contract.js';
import { type EventLog, eventLog } from '../index.js';
import { eventStoreDbLog } from './index.js';

const double = await startDouble();
const at = `esdb://127.0.0.1:${double.port}?tls=false`;
const open = async (connectionString: string): Promise<EventLog> =>
  eventLog(await eventStoreDbLog({ connectionString }));

function contract(name: string, connectionString: string): void {
  logContract({
    name,
    open: () => open(connectionString),
    reopen: async (log) => {
      await log.close();
      return open(connectionString);
    },
  });
}

const real = process.env['NXMESH_TEST_EVENTSTORE_URL'];
console.log(
  `EventStoreDB: the double speaking its protocol${real ? ', and the server at NXMESH_TEST_EVENTSTORE_URL' : '; no real server (NXMESH_TEST_EVENTSTORE_URL is not set)'}`,
);
contract('eventstoredb (double)', at);
if (real) {
  contract('eventstoredb (server)', real);
}

const after = suite('eventstoredb (double): all along');
after('every call went to the leader, and every append alone', async () => {
  assert.ok(double.calls.length > 500);
  assert.ok(double.calls.every((call) => call.requiresLeader && call.method !== 'batchAppend'));
  await until('no subscription to be left', () => double.subscriptions.count() === 0);
  double.stop();
});
after.run();
