// SPDX-License-Identifier: Apache-2.0
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { certificateFact, created, id, WORKSPACE } from '../domain/workspace/workspace.fixture.js';
import { eventLog, memoryLog } from '../event-log/index.js';
import { Secret, streams, systemClock, systemRandom } from '../kernel/index.js';
import { event } from '../projections/facts.harness.js';
import { memoryReadStore } from '../read-store/index.js';
import { until } from '../test/harness/until.js';
import { openVault } from '../vault/index.js';
import { destroyDeletedKeys } from './certificate-keys.js';

test('keys of deleted certificates are destroyed, those of others stay', async () => {
  const events = eventLog(memoryLog());
  const store = memoryReadStore({ clock: systemClock });
  const vault = await openVault({ store, masterKey: new Secret(Buffer.alloc(32, 7)), random: systemRandom });
  for (const n of [1, 2]) {
    await vault.put(`certificate/${id(n)}`, new Secret(Buffer.from('key')));
  }
  const gone = {
    type: 'certificate.deleted',
    data: { certificate_id: id(1), domain: 'a.com', at: '2026-01-15T10:30:00.000Z' },
  } as const;
  const facts = [created, certificateFact(1, ['a.com']), certificateFact(2, ['b.com']), gone];
  const { position } = await events.append(streams.workspace(WORKSPACE), 'none', facts.map(event));
  let saved = 0n;
  const checkpoint = {
    load: async () => 0n,
    save: async (reached: bigint) => {
      saved = reached;
    },
  };
  const stopping = new AbortController();
  const running = destroyDeletedKeys({ events, vault, checkpoint }, stopping.signal);
  await until('it has caught up', () => saved >= position);
  assert.is(await vault.get(`certificate/${id(1)}`), undefined);
  assert.ok(await vault.get(`certificate/${id(2)}`));
  stopping.abort();
  await running;
});

test.run();
