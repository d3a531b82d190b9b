// SPDX-License-Identifier: Apache-2.0
/** The read store can be thrown away: what is read again from the log is the same, by hash. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { folder } from '../harness/folder.js';
import { controlPlane } from '../harness/nxmesh.js';
import { readHashes } from '../harness/read-hashes.js';
import { until } from '../harness/until.js';

test('deleting read.db loses nothing', async () => {
  const place = folder('rebuild');
  const dataDir = join(place.path, 'data');
  const file = join(dataDir, 'read.db');
  const first = await controlPlane(dataDir);
  const { api } = first;
  const organization = await api.ok('POST', '/v1/organizations', { name: 'Acme', slug: 'acme' });
  const workspace = await api.ok('POST', `/v1/organizations/${organization.id}/workspaces`, {
    name: 'P',
    slug: 'p',
  });
  const ws = `/v1/workspaces/${workspace.id}`;
  const made: { id: string }[] = await Promise.all(
    Array.from({ length: 30 }, (_, n) =>
      api.ok('POST', `${ws}/upstreams`, { name: `u-${n}`, servers: [{ address: `10.0.0.${n + 1}:80` }] }),
    ),
  );
  await api.ok('POST', `${ws}/virtual-hosts`, {
    name: 'Shop',
    server_name: 'shop.example',
    locations: [{ path: '/', upstream_id: made[3]?.id }],
  });
  await api.ok('POST', `${ws}/agents/tokens`, { name: 'web', labels: { env: 'production' } });
  await api.ok('DELETE', `/v1/upstreams/${made[7]?.id}`);
  const versions = await until('the last change is published', async () => {
    const { data, meta } = await api.ok('GET', `${ws}/changes`);
    return data[0].changes.at(-1).action === 'deleted' && meta.total;
  });
  await first.process.end();

  const before = await readHashes(dataDir);
  for (const suffix of ['', '-wal', '-shm']) {
    rmSync(file + suffix, { force: true });
  }
  const second = await controlPlane(dataDir, { ports: first.ports });
  // Under the session of before: signing in would stand in the log.
  assert.is((await api.ok('GET', `${ws}/changes`)).meta.total, versions, 'nothing is published again');
  await second.process.end();
  assert.equal(await readHashes(dataDir), before);
  place.remove();
});

test.run();
