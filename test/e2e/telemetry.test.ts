// SPDX-License-Identifier: Apache-2.0
/** Real traffic through a real nginx, counted and found again through REST. */
import { existsSync, readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { systemTimers } from '../../kernel/index.js';
import { fleet } from '../harness/fleet.js';
import { freePort } from '../harness/ports.js';
import { until } from '../harness/until.js';

const test = suite('telemetry');
let f: Awaited<ReturnType<typeof fleet>>;
let member: Awaited<ReturnType<typeof f.join>>;
let port: number;
/** Everything that was asked so far, by status. */
const asked = new Map<number, number>();

test.before(async () => {
  f = await fleet('telemetry');
  member = await f.join('web', { env: 'test' });
  port = await freePort();
  const answers = [200, 302, 404, 500].map((status) => ({
    path: `/${status}`,
    custom_directives: [{ directive: 'return', args: [String(status), status === 302 ? '/200' : 'text'] }],
  }));
  const { settled } = await f.change('POST', `${f.ws}/virtual-hosts`, {
    name: 'Site',
    server_name: 'site.example.com',
    listen_port: port,
    locations: answers,
  });
  await settled();
});

test.after(async () => {
  clients.destroy();
  await f.end();
});

const clients = new Agent({ keepAlive: true, maxSockets: 20 });

const send = (status: number): Promise<void> =>
  new Promise((resolve, reject) => {
    const path = `/${status}?n=1`;
    const headers = { host: 'site.example.com' };
    request({ host: '127.0.0.1', port, path, headers, agent: clients }, (answer) => {
      answer.resume().on('end', () => {
        if (answer.statusCode === status) {
          resolve();
        } else {
          reject(new Error(`${path} was answered with ${answer.statusCode}`));
        }
      });
    })
      .on('error', reject)
      .end();
  });

/** Sends requests and remembers them; no more a second than the agent sends records of. */
async function ask(status: number, times: number, pauseMs = 25): Promise<void> {
  for (let from = 0; from < times; from += 20) {
    await Promise.all(Array.from({ length: Math.min(20, times - from) }, () => send(status)));
    await systemTimers.sleep(pauseMs);
  }
  asked.set(status, (asked.get(status) ?? 0) + times);
}

/** Bytes on a connection of their own; gives the status. */
function raw(bytes: Buffer): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(Number(text.slice(9, 12))));
  });
}

const get = (path: string) => f.plane().api.ok('GET', path);
const sum = () => [...asked.values()].reduce((total, count) => total + count, 0);
const metrics = () => get(`${f.ws}/metrics`);
const logs = (query = '') => get(`${f.ws}/access-logs?limit=1000${query}`);

/** Waits until as many are counted as were asked, and a moment longer does not make them more. */
async function settled(): Promise<void> {
  await until('all is counted', async () => (await metrics()).requests_total >= sum(), 30_000, 100);
  await until('all is logged', async () => (await logs()).meta.total >= sum(), 30_000, 100);
}

test('requests are counted exactly and found as records', async () => {
  await ask(200, 100);
  await ask(302, 20);
  await ask(404, 30);
  await ask(500, 10);
  await settled();
  const counted = await metrics();
  assert.is(counted.requests_total, 160);
  assert.equal(counted.status_codes, { '2xx': 100, '3xx': 20, '4xx': 30, '5xx': 10 });
  assert.is(counted.error_rate, 10 / 160);
  assert.ok(counted.bandwidth.in_bytes > 160 * 50 && counted.bandwidth.out_bytes > 160 * 100);
  assert.equal(Object.keys(counted), [
    'requests_total',
    'requests_per_second',
    'error_rate',
    'bandwidth',
    'status_codes',
    'active_connections',
  ]);
  assert.equal((await get(`/v1/agents/${member.id}/metrics`)).status_codes, counted.status_codes);

  const failed = await logs('&status_code=500');
  assert.equal(failed.meta, { total: 10, limit: 1000 });
  assert.is(failed.data.length, 10);
  assert.is(new Set(failed.data.map(({ id }: { id: string }) => id)).size, 10);
  const [record] = failed.data;
  assert.equal(
    [
      record.agent_id,
      record.remote_addr,
      record.method,
      record.uri,
      record.protocol,
      record.host,
      record.status,
    ],
    [member.id, '127.0.0.1', 'GET', '/500?n=1', 'HTTP/1.1', 'site.example.com', 500],
  );
  assert.is(record.body_bytes_sent, 4);
  assert.match(record.request_id, /^[0-9a-f]{32}$/);
  assert.equal((await logs('&status_code=3xx')).meta.total, 20);
});

test('the agent that is killed in the middle counts nothing twice and loses nothing', async () => {
  const traffic = ask(200, 600);
  await until('some is read', async () => (await metrics()).requests_total > 160, 30_000, 50);
  await member.process.end('SIGKILL');
  await traffic;
  await ask(404, 20);
  f.startAgain(member);
  await settled();
  const counted = await metrics();
  assert.is(counted.requests_total, sum());
  assert.is(counted.status_codes['4xx'], asked.get(404));
  assert.is((await logs()).meta.total, sum());
});

test('the gateway that is killed in the middle gets all of it once', async () => {
  const traffic = ask(200, 600);
  await f.restart('SIGKILL');
  await traffic;
  await settled();
  assert.is((await metrics()).requests_total, sum());
  assert.is((await logs()).meta.total, sum());
});

test('pages hold every record once, the newest first', async () => {
  const seen: { id: string; timestamp: string }[] = [];
  let cursor = '';
  do {
    const page = await get(`${f.ws}/access-logs?limit=300${cursor}`);
    assert.is(page.meta.total, sum());
    seen.push(...page.data);
    cursor = page.meta.next_cursor === undefined ? '' : `&cursor=${page.meta.next_cursor}`;
  } while (cursor !== '');
  assert.is(seen.length, sum());
  assert.is(new Set(seen.map(({ id }) => id)).size, sum());
  assert.equal(
    seen.map(({ timestamp }) => timestamp),
    seen
      .map(({ timestamp }) => timestamp)
      .sort()
      .reverse(),
  );
});

test('hostile requests are one record each and harm no other', async () => {
  const head = 'GET /404?';
  const tail = '\r\nHost: site.example.com\r\nConnection: close\r\n\r\n';
  const agents = [
    'a"b\\c',
    '\u001b[31mred',
    '{"status":"200"}',
    'x'.repeat(3000),
    '\u202egnp.exe',
    '</script>',
  ];
  for (const agent of agents) {
    const bytes = Buffer.from(`${head}q HTTP/1.1\r\nUser-Agent: ${agent}${tail}`, 'utf8');
    assert.is(await raw(bytes), 404);
  }
  assert.is(await raw(Buffer.from(`${head}\xff\xfe HTTP/1.1${tail}`, 'latin1')), 404);
  assert.is(await raw(Buffer.from(`${head}${'u'.repeat(6000)} HTTP/1.1${tail}`)), 404);
  assert.is(await raw(Buffer.from('nonsense\r\n\r\n')), 400);
  asked.set(404, (asked.get(404) ?? 0) + agents.length + 2);
  asked.set(400, 1);
  await settled();
  assert.is((await metrics()).requests_total, sum());
  const found = await logs('&path_prefix=/404');
  const texts = found.data.map(({ user_agent }: { user_agent: string }) => user_agent);
  assert.ok(texts.includes('a"b\\c') && texts.includes('{"status":"200"}') && texts.includes('</script>'));
  assert.ok(texts.includes('\\u001b[31mred') && texts.includes('\\u202egnp.exe'));
  assert.ok(found.data.every(({ uri }: { uri: string }) => uri.length <= 2048));
  assert.ok(texts.every((text: string) => text.length <= 512));
  assert.is((await logs('&status_code=400')).meta.total, 1);
});

test('what is asked wrongly is refused by name, what is foreign is not there', async () => {
  const { api } = f.plane();
  const field = async (path: string): Promise<unknown[]> => {
    const { status, body } = await api.request('GET', path);
    return [status, body.error.details[0]?.field];
  };
  const of = '2026-03-01T00:00:00Z';
  for (const path of [`${f.ws}/metrics`, `/v1/agents/${member.id}/metrics`, `${f.ws}/access-logs`]) {
    assert.equal(await field(`${path}?from=${of}&to=${of}`), [422, 'from']);
    assert.equal(await field(`${path}?from=yesterday`), [422, 'from']);
    assert.equal(await field(`${path}?to=2026-13-01T00:00:00Z`), [422, 'to']);
    assert.equal(await field(`${path}?from=2001-01-01T00:00:00Z`), [422, 'from']);
    assert.equal(await field(`${path}?unknown=1`), [422, 'unknown']);
  }
  assert.equal(await field(`${f.ws}/metrics?step=61`), [422, 'step']);
  assert.equal(await field(`${f.ws}/metrics?step=60&from=2026-01-01T00:00:00Z&to=2026-02-01T00:00:00Z`), [
    422,
    'step',
  ]);
  assert.equal(await field(`${f.ws}/access-logs?status_code=600`), [422, 'status_code']);
  assert.equal(await field(`${f.ws}/access-logs?limit=0`), [422, 'limit']);
  assert.equal(await field(`${f.ws}/access-logs?limit=1001`), [422, 'limit']);
  assert.equal(await field(`${f.ws}/access-logs?cursor=bm9uZQ`), [422, 'cursor']);
  const nobody = '00000000-0000-7000-8000-000000000000';
  for (const path of [
    `workspaces/${nobody}/metrics`,
    `agents/${nobody}/metrics`,
    `workspaces/${nobody}/access-logs`,
  ]) {
    assert.is((await api.request('GET', `/v1/${path}`)).status, 404);
  }
});

test('the series adds up', async () => {
  const total = await metrics();
  const { series } = await get(`${f.ws}/metrics?step=60`);
  const requests = series.map((point: { requests_total: number }) => point.requests_total);
  assert.is(
    requests.reduce((a: number, b: number) => a + b, 0),
    total.requests_total,
  );
  const busy = series.filter((point: { requests_total: number }) => point.requests_total > 0);
  assert.ok(
    busy.every(
      ({ latency_ms }: { latency_ms: { p50: number; p99: number } }) => latency_ms.p50 <= latency_ms.p99,
    ),
  );
});

test('more than may be sent is counted, and left out by number', async () => {
  await ask(200, 5000, 0);
  await until('all is counted', async () => (await metrics()).requests_total >= sum(), 30_000, 100);
  const both = await until(
    'every record is there or left out',
    async () => {
      const { meta } = await get(`${f.ws}/access-logs?limit=1`);
      return meta.total + (meta.dropped ?? 0) >= sum() ? meta : undefined;
    },
    30_000,
    100,
  );
  assert.is(both.total + (both.dropped ?? 0), sum());
  assert.is((await metrics()).requests_total, sum());
});

test('the log holds what is told in the state of the agent, and no secret of the control plane', () => {
  const state = JSON.parse(readFileSync(join(member.stateDir, 'telemetry.json'), 'utf8'));
  assert.is(state.counted, readFileSync(join(member.stateDir, 'logs', 'access.log')).length + state.base);
  assert.not(existsSync(join(member.stateDir, 'logs', 'access.log.1')));
});

test.run();
