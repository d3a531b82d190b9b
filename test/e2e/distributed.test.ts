// SPDX-License-Identifier: Apache-2.0
/**
 * @slow 900 @alone: the first run on a machine makes the stand-ins. The demo's story on the distributed shape, every role
 * killed once; and what was published, read by a consumer of its own.
 */
import { join } from 'node:path';
import { Kafka, logLevel } from 'kafkajs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Client, client } from '../../read-api/feed/feed.harness.js';
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
  /** A ticket that one process makes opens a socket at another, which may be killed: the next goes on where it was. */
  const live = async (ws: string): Promise<void> => {
    const { api, url } = plane;
    const follow = async (after: string): Promise<Client> => {
      const { ticket } = await api.ok('POST', '/v1/events/tickets', {});
      const query = `token=${ticket}&events=virtual_host.created&after=${after}`;
      const one = client(`${url.replace('http', 'ws')}/v1/events?${query}`);
      await one.next('caught-up');
      return one;
    };
    const host = (n: number) =>
      api.ok('POST', `${ws}/virtual-hosts`, { name: `h-${n}`, server_name: `h-${n}.example.com` });
    const first = await follow('0');
    await host(0);
    const { position } = await first.next('virtual_host.created');
    await plane.kill('read-api');
    await first.closed;
    await host(1);
    await plane.restart('read-api');
    const second = await follow(position ?? '');
    await host(2);
    await until('both come', () => second.events().length === 2);
    const names = [...first.events(), ...second.events()].map(({ data }) => data.virtual_host.name);
    assert.equal(names, ['h-0', 'h-1', 'h-2']);
    // A position that the log has not given is said to be none.
    second.say({ action: 'unsubscribe' });
    second.say({ action: 'subscribe', events: ['*'], after: `${BigInt(position ?? 0) * 1000n}` });
    assert.is((await second.next('error')).data.details[0].code, 'UNKNOWN_POSITION');
    second.socket.terminate();
  };

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
    await live(ws);
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
