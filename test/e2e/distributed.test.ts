// SPDX-License-Identifier: Apache-2.0
/**
 * @slow 900 @alone: the first run on a machine makes the stand-ins. The demo's story on the distributed shape, every role
 * killed once; and what was published, read by a consumer of its own.
 */
import { join } from 'node:path';
import { Kafka, logLevel } from 'kafkajs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { distributed } from '../harness/distributed.js';
import { folder } from '../harness/folder.js';
import { start } from '../harness/process.js';
import { until } from '../harness/until.js';

const place = folder('distributed');
const plane = await distributed(place.path);

if (!plane) {
  const required = process.env.CI === 'true';
  test(required ? 'the stand-ins can be made' : 'skipped: no stand-ins', () => assert.not.ok(required));
} else {
  test('what is written is read at once through other processes, and published', async () => {
    const { api } = plane;
    const organization = await api.ok('POST', '/v1/organizations', { name: 'Acme', slug: 'acme' });
    const workspace = await api.ok('POST', `/v1/organizations/${organization.id}/workspaces`, {
      name: 'P',
      slug: 'p',
    });
    const ws = `/v1/workspaces/${workspace.id}`;
    for (let n = 0; n < 10; n += 1) {
      const made = await api.ok('POST', `${ws}/upstreams`, {
        name: `u-${n}`,
        servers: [{ address: '10.0.0.1:80' }],
      });
      assert.equal(await api.ok('GET', `/v1/upstreams/${made.id}`), made);
    }
    const consumer = new Kafka({ brokers: [...plane.brokers], logLevel: logLevel.NOTHING }).consumer({
      groupId: 'test',
    });
    const types: string[] = [];
    await consumer.connect();
    await consumer.subscribe({ topic: 'nxmesh.events', fromBeginning: true });
    await consumer.run({
      eachMessage: async ({ message }) => {
        types.push(String(message.headers?.ce_type));
      },
    });
    const published = (type: string): number => types.filter((one) => one === type).length;
    await until(
      'all upstreams are published',
      () => published('io.nxmesh.upstream.created.v1') === 10,
      60_000,
    );
    await consumer.disconnect();
    await plane.end();
    place.remove();
  });

  test('the demo on the distributed shape ends with 0', async () => {
    const demo = start(process.execPath, [
      join(import.meta.dirname, '..', '..', 'demo', 'main.js'),
      '--distributed',
    ]);
    const code = await demo.exited;
    assert.is(code, 0, demo.output());
    assert.match(demo.output(), 'kill -9 of the publishers');
  });
}

test.run();
