// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { NxError, systemClock, systemRandom, systemTimers } from '../kernel/index.js';
import { isNetwork, networkReader } from './forwarded.js';
import { startApp } from './http.harness.js';
import { acceptSockets, type SocketDeps } from './sockets.js';

const from = (remoteAddress: string, forwarded?: string): IncomingMessage =>
  ({
    socket: { remoteAddress },
    headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded },
  }) as unknown as IncomingMessage;

test('without proxies of ours no header is believed', () => {
  assert.is(networkReader([])(from('192.0.2.1', '198.51.100.7')), '192.0.2.1');
});

test('behind our own proxies the last hop that is not one of them counts', () => {
  const read = networkReader(['127.0.0.1', '10.0.0.0/8', 'fd00::/8']);
  for (const [socket, forwarded, network] of [
    ['127.0.0.1', '198.51.100.7', '198.51.100.7'],
    ['::ffff:127.0.0.1', '198.51.100.7', '198.51.100.7'],
    ['fd00::1', '2001:db8:1:2::9', '2001:db8:1:2::/64'],
    // What the caller wrote itself stands before what our proxies add.
    ['127.0.0.1', '203.0.113.1, 198.51.100.7, 10.1.2.3', '198.51.100.7'],
    ['127.0.0.1', '10.9.9.9, 10.1.2.3', '10.9.9.9'],
    // Not from a proxy of ours: its word counts for nothing.
    ['192.0.2.1', '198.51.100.7', '192.0.2.1'],
    ['127.0.0.1', undefined, '127.0.0.1'],
    ['127.0.0.1', '', '127.0.0.1'],
    ['127.0.0.1', 'unknown', '127.0.0.1'],
    ['127.0.0.1', '198.51.100.7, garbage', '127.0.0.1'],
    ['127.0.0.1', '198.51.100.7:4711', '127.0.0.1'],
  ] as const) {
    assert.is(read(from(socket, forwarded)), network, `${socket} ${forwarded}`);
  }
});

test('a network is an address or a prefix of one', () => {
  for (const text of ['10.0.0.1', '10.0.0.0/8', '::1', 'fd00::/8', '0.0.0.0/0']) {
    assert.ok(isNetwork(text), text);
  }
  for (const text of [
    '',
    '10.0.0',
    '10.0.0.0/33',
    '::1/129',
    '10.0.0.0/8/8',
    'localhost',
    '10.0.0.0/x',
    'fe80::1%eth0',
  ]) {
    assert.not.ok(isNetwork(text), text);
  }
});

test('callers behind one proxy of ours are counted apart', async () => {
  const app = await startApp([], {
    trustedProxies: ['127.0.0.1'],
    networkLimit: { limit: 2, windowMs: 60_000 },
  });
  const call = async (address: string): Promise<number> =>
    (await app.call('GET', '/v1/nothing', { headers: { 'x-forwarded-for': address } })).status;
  const statuses: number[] = [];
  for (const address of ['192.0.2.1', '192.0.2.1', '192.0.2.1', '192.0.2.2']) {
    statuses.push(await call(address));
  }
  assert.equal(statuses, [404, 404, 429, 404]);
  assert.match(app.lines.join(''), '"network":"192.0.2.2"');
  await app.close();
});

test('an upgrade through a proxy of ours is of the network that the proxy names', async () => {
  const app = await startApp([]);
  const seen: string[] = [];
  const accept = async ({ network }: { network: string }): Promise<never> => {
    seen.push(network);
    throw new NxError('UNAUTHORIZED', 'Nobody');
  };
  const logged: string[] = [];
  const note = (fields: unknown): void => void logged.push(JSON.stringify(fields));
  const stop = acceptSockets(app.server.server, [{ path: '/socket', operationId: 'socket', accept }], {
    log: { info: note, warn: note, error: note } as unknown as SocketDeps['log'],
    clock: systemClock,
    timers: systemTimers,
    random: systemRandom,
    trustedProxies: ['127.0.0.1'],
  });
  const headers = { Connection: 'Upgrade', Upgrade: 'websocket', 'X-Forwarded-For': '192.0.2.7' };
  const [answer] = await once(get(`${app.server.url}/socket`, { headers }), 'response');
  answer.resume();
  assert.equal([answer.statusCode, seen], [401, ['192.0.2.7']]);
  assert.match(logged.join(''), '"network":"192.0.2.7"');
  stop();
  await app.close();
});

test.run();
