// SPDX-License-Identifier: Apache-2.0
// @slow 120
/** Live events of the whole program: a real agent with a real nginx, real sockets, a control plane that is killed. */
import { randomUUID } from 'node:crypto';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Client, client } from '../../read-api/feed/feed.harness.js';
import { fleet } from '../harness/fleet.js';
import { freePort } from '../harness/ports.js';
import { until } from '../harness/until.js';

type Fleet = Awaited<ReturnType<typeof fleet>>;
let all: Fleet;

test.before(async () => {
  all = await fleet('live-events');
});
test.after(() => all.end());

async function follow(query: string): Promise<Client> {
  const plane = all.plane();
  const { ticket } = await plane.api.ok('POST', '/v1/events/tickets', {});
  const one = client(`${plane.url.replace('http', 'ws')}/v1/events?token=${ticket}${query}`);
  await until('it is open', () => one.socket.readyState === one.socket.OPEN);
  if (query !== '') {
    await one.next('caught-up');
  }
  return one;
}

test('an agent that joins, applies and leaves is seen, in the words of the specification', async () => {
  const workspace_id = all.ws.split('/').at(-1);
  const live = await follow('');
  live.say({ action: 'subscribe', events: ['agent.*', 'config.*'], filter: { workspace_id } });
  await live.next('subscribed');
  const member = await all.join('web-01', {});
  const { data } = await live.next('agent.connected');
  assert.equal(Object.keys(data), ['agent_id', 'hostname', 'ip_address']);
  assert.is(data.agent_id, member.id);

  const port = await freePort();
  const upstream = await all.change('POST', `${all.ws}/upstreams`, {
    name: 'api',
    servers: [{ address: '127.0.0.1:9000' }],
  });
  const change = await all.change('POST', `${all.ws}/virtual-hosts`, {
    name: 'Shop',
    server_name: 'shop.example.com',
    listen_port: port,
    locations: [{ path: '/', upstream_id: upstream.body.id }],
  });
  await change.settled();
  const applied = await until('it is applied', () =>
    live.frames.findLast((frame) => frame.type === 'config.applied' && frame.data.version > 1),
  );
  assert.equal(Object.keys(applied.data), ['agent_id', 'config_id', 'version', 'duration_ms', 'success']);
  assert.is(applied.data.success, true);
  assert.match(applied.data.config_id, /^[0-9a-f]{64}$/);
  assert.ok(applied.data.duration_ms > 0);

  await member.process.end('SIGTERM');
  const left = await live.next('agent.disconnected');
  assert.equal(left.data, { agent_id: member.id, reason: 'connection_closed' });
  live.socket.terminate();
});

test('an emitted event is taken once, listed, and seen by those who subscribe', async () => {
  const { api, url } = all.plane();
  const organizations = await api.ok('GET', '/v1/organizations');
  const organization_id: string = organizations.data[0].id;
  const live = await follow('&events=user.*,upstream.*');
  const body = { type: 'user.registered', data: { user_id: 'user_123', username: 'new_user' } };
  const key = { 'Idempotency-Key': randomUUID() };
  const path = `/v1/events?organization_id=${organization_id}`;
  const [first, again] = [
    await api.request('POST', path, body, key),
    await api.request('POST', path, body, key),
  ];
  assert.is(first.status, 201);
  assert.equal(again.body, first.body);
  assert.is(
    (await api.request('POST', path, { ...body, data: {} }, key)).body.error.code,
    'IDEMPOTENCY_MISMATCH',
  );
  const other = await api.ok('POST', '/v1/organizations', { name: 'Other', slug: 'other' });
  const elsewhere = await api.request('POST', `/v1/events?organization_id=${other.id}`, body, key);
  assert.is(elsewhere.body.error?.code, 'IDEMPOTENCY_MISMATCH');
  const frame = await live.next('user.registered');
  assert.equal([frame.data, frame.custom, frame.organization_id], [body.data, true, organization_id]);

  for (const [wrong, field] of [
    [{ type: 'agent.connected', data: {} }, 'type'],
    [{ type: 'NoDots', data: {} }, 'type'],
    [{ ...body, data: [] }, 'data'],
    [{ ...body, actor: 'root' }, 'actor'],
    [{ ...body, organization_id: randomUUID() }, 'organization_id'],
  ] as const) {
    const answer = await api.request('POST', path, wrong);
    assert.is(answer.status, 422, JSON.stringify(wrong));
    assert.is(answer.body.error.details[0].field, field, JSON.stringify(wrong));
  }
  const listed = await api.ok('GET', path);
  assert.is(listed.meta.total, 1);
  assert.equal(listed.data[0], first.body);
  // The same on the platform's API.
  const platform = await api.ok('GET', `/api/v1/events?organization_id=${organization_id}`);
  assert.is(platform.success, true);
  const emitted = await api.request('POST', `/api/v1/events?organization_id=${organization_id}`, body);
  assert.equal([emitted.status, emitted.body.data.type], [201, 'user.registered']);
  await live.next('user.registered');
  // A program's users are made too: whoever reads of it sees that it is the program's.
  const theirs = { type: 'user.created', data: { userId: '123', username: 'john_doe' } };
  assert.is(
    (await api.request('POST', `/api/v1/events?organization_id=${organization_id}`, theirs)).status,
    201,
  );
  const made = await live.next('user.created');
  assert.equal([made.data, made.custom], [theirs.data, true]);
  assert.is((await fetch(`${url}/v1/events`)).status, 401);
  live.socket.terminate();
});

test('a control plane that is killed costs a subscriber nothing: it resumes where it was', async () => {
  const live = await follow('&events=upstream.created');
  const seen: string[] = [];
  const create = (n: number) =>
    all.plane().api.ok('POST', `${all.ws}/upstreams`, {
      name: `kill-${n}`,
      servers: [{ address: '127.0.0.1:9000' }],
    });
  const names = (one: Client): string[] => one.events().map(({ data }) => data.upstream.name as string);
  const acknowledged: string[] = [];
  const writing = (async () => {
    for (let n = 0; n < 200; n++) {
      try {
        await create(n);
        acknowledged.push(`kill-${n}`);
      } catch {
        // Killed under the request: it may be in the log or not.
        return;
      }
    }
  })();
  await until('some are written', () => acknowledged.length > 20);
  await all.restart('SIGKILL');
  await writing;
  const closed = await live.closed;
  assert.is(closed.code, 1006);
  seen.push(...names(live));
  await create(1000);
  acknowledged.push('kill-1000');
  const after = live.events().at(-1)?.position;
  const again = await follow(`&events=upstream.created&after=${after}`);
  seen.push(...names(again));
  assert.is(new Set(seen).size, seen.length, 'none twice');
  const missed = acknowledged.filter((name) => !seen.includes(name));
  assert.equal(missed, []);
  again.socket.terminate();
});

test('the control plane stops at once although somebody listens', async () => {
  const live = await follow('&events=*');
  const started = performance.now();
  const { process } = all.plane();
  await process.end('SIGTERM');
  assert.is(await process.exited, 0);
  assert.is((await live.closed).code, 1001);
  assert.ok(performance.now() - started < 4_000);
});

test.run();
