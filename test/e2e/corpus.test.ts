// SPDX-License-Identifier: Apache-2.0
/** The corpus of hostile bodies over the REST API: refused by field, nothing written, never a 5xx. */
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { injectionCases } from '../corpus/load.js';
import { folder } from '../harness/folder.js';
import { controlPlane } from '../harness/nxmesh.js';

test('every case is answered as it must be', async () => {
  const place = folder('corpus');
  const plane = await controlPlane(join(place.path, 'data'), {
    env: { NXMESH_RATE_LIMIT: '100000', NXMESH_LOG_LEVEL: 'warn' },
  });
  const { api } = plane;
  const organization = await api.ok('POST', '/v1/organizations', { name: 'Corpus', slug: 'corpus' });
  const workspace = await api.ok('POST', `/v1/organizations/${organization.id}/workspaces`, {
    name: 'C',
    slug: 'c',
  });
  const ws = `/v1/workspaces/${workspace.id}`;
  const paths = { virtual_host: `${ws}/virtual-hosts`, upstream: `${ws}/upstreams` };

  let accepted = 0;
  const wrong: string[] = [];
  for (const one of injectionCases()) {
    const { status, body } = await api.request('POST', paths[one.resource], one.body);
    if (one.expect === 'accepted') {
      accepted += 1;
      if (status !== 201) {
        wrong.push(`${one.id}: ${status} ${JSON.stringify(body)}, not accepted`);
      }
      continue;
    }
    const { field, code } = one.expect;
    const details: { field: string; code: string }[] = body.error?.details ?? [];
    if (status !== 422 || !details.some((detail) => detail.field === field && detail.code === code)) {
      wrong.push(`${one.id}: ${status} ${JSON.stringify(body).slice(0, 300)}, not ${field} ${code}`);
    }
  }
  assert.equal(wrong, []);
  const stored = await Promise.all(
    Object.values(paths).map(async (path) => (await api.ok('GET', path)).meta.total),
  );
  assert.is(stored[0] + stored[1], accepted, 'what is refused is not stored');
  await plane.process.end();
  place.remove();
});

test.run();
