// SPDX-License-Identifier: Apache-2.0
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { streams } from '../../kernel/index.js';
import {
  AT,
  digest,
  id,
  ORGANIZATION,
  organization,
  upstream,
  virtualHost,
  WORKSPACE,
} from '../../projections/facts.harness.js';
import type { Fact } from '../../schemas/index.js';
import { AGENT, connected, OTHER, session_id, subscribe, W } from './feed.fixture.js';
import { type Client, type FeedProcess, feedProcess } from './feed.harness.js';

let feed: FeedProcess;
let token: string;

test.before.each(async () => {
  feed = await feedProcess({ workspaces: new Map([[W, ORGANIZATION]]) });
  ({ token } = await feed.app.user({ [ORGANIZATION]: 'viewer' }));
});
test.after.each(() => feed.close());

const alert = {
  alert_id: 'alert-456',
  severity: 'warning' as const,
  message: 'High CPU usage: 85%',
  metric: 'cpu_percent',
  value: 85,
};
const onAgent: readonly Fact[] = [
  connected,
  { type: 'agent.disconnected', data: { agent_id: AGENT, session_id, reason: 'connection_timeout', at: AT } },
  {
    type: 'config.applied',
    data: { agent_id: AGENT, version: 42, digest: digest('x'), duration_ms: 150, stages: {}, at: AT },
  },
  { type: 'health.alert_raised', data: { agent_id: AGENT, alert, at: AT } },
];

/** Something that comes after all else, by which a test knows that nothing more will. */
async function flush(one: Client): Promise<void> {
  await feed.write(streams.organization(ORGANIZATION), {
    type: 'organization.updated',
    data: { organization: { ...organization('o'), id: ORGANIZATION }, changed: [] },
  });
  await one.next('organization.updated');
}

test('the four events of the specification have its bodies, to the letter', async () => {
  const one = await feed.connect(token);
  await subscribe(one, ['agent.*', 'config.*', 'health.*', 'organization.*']);
  await feed.write(streams.agent(AGENT), ...onAgent);
  await flush(one);
  const bodies = one.events().map(({ type, data }) => ({ type, data }));
  assert.equal(bodies.slice(0, 4), [
    {
      type: 'agent.connected',
      data: { agent_id: AGENT, hostname: 'web-01.internal', ip_address: '10.0.1.10' },
    },
    { type: 'agent.disconnected', data: { agent_id: AGENT, reason: 'connection_timeout' } },
    {
      type: 'config.applied',
      data: { agent_id: AGENT, config_id: digest('x'), version: 42, duration_ms: 150, success: true },
    },
    {
      type: 'health.alert',
      data: {
        agent_id: AGENT,
        alert_id: 'alert-456',
        severity: 'warning',
        message: 'High CPU usage: 85%',
        metric: 'cpu_percent',
        value: 85,
      },
    },
  ]);
  for (const frame of one.events()) {
    assert.ok(BigInt(frame.position ?? 0) > 0n);
    assert.is(new Date(frame.timestamp).toISOString(), frame.timestamp);
    assert.is(frame.organization_id, ORGANIZATION);
  }
});

test('patterns choose by type, filters by place; taking a pattern away stops it', async () => {
  const one = await feed.connect(token);
  await subscribe(one, ['upstream.created', 'organization.*'], { id: 'a' });
  one.say({ action: 'subscribe', id: 'b', events: ['virtual_host.*'], filter: { workspace_id: W } });
  await one.next('subscribed');
  await feed.write(WORKSPACE, { type: 'upstream.created', data: { upstream: upstream('api') } });
  await feed.write(WORKSPACE, {
    type: 'upstream.deleted',
    data: { upstream_id: id('upstream', 'api'), name: 'api', at: AT },
  });
  await feed.write(WORKSPACE, { type: 'virtual_host.created', data: { virtual_host: virtualHost('shop') } });
  const elsewhere = { ...virtualHost('shop'), workspace_id: id('workspace', 'v') };
  await feed.write(streams.workspace(id('workspace', 'v')), {
    type: 'virtual_host.created',
    data: { virtual_host: elsewhere },
  });
  await flush(one);
  const seen = () => one.events().map(({ type, workspace_id }) => `${type} ${workspace_id}`);
  const before = [`upstream.created ${W}`, `virtual_host.created ${W}`, 'organization.updated null'];
  assert.equal(seen(), before);

  one.say({ action: 'unsubscribe', id: 'b' });
  assert.equal((await one.next('unsubscribed')).data, { ids: ['b'] });
  one.say({ action: 'unsubscribe', events: ['upstream.created'] });
  assert.equal((await one.next('unsubscribed')).data, { ids: [] });
  await feed.write(WORKSPACE, { type: 'upstream.created', data: { upstream: upstream('api') } });
  await feed.write(WORKSPACE, { type: 'virtual_host.created', data: { virtual_host: virtualHost('shop') } });
  await flush(one);
  assert.equal(seen(), [...before, 'organization.updated null']);
});

test('a message that cannot be followed is answered with its field, and the connection goes on', async () => {
  const one = await feed.connect(token);
  const cases: readonly [message: unknown, field: string | undefined, code: string][] = [
    ['{', undefined, 'BAD_REQUEST'],
    ['[]', '', 'INVALID_TYPE'],
    ['{"action":"subscribe","action":"ping"}', undefined, 'BAD_REQUEST'],
    [{}, 'action', 'REQUIRED'],
    [{ action: 'shout' }, 'action', 'INVALID_VALUE'],
    [{ action: 'subscribe' }, 'events', 'REQUIRED'],
    [{ action: 'subscribe', events: [] }, 'events', 'TOO_SHORT'],
    [{ action: 'subscribe', events: ['agent.*', 'agent.exploded'] }, 'events[1]', 'UNKNOWN_TYPE'],
    [{ action: 'subscribe', events: ['agent*'] }, 'events[0]', 'INVALID_FORMAT'],
    [{ action: 'subscribe', events: Array.from({ length: 33 }, (_, n) => `a.b${n}`) }, 'events', 'TOO_LONG'],
    [{ action: 'subscribe', events: ['*'], extra: 1 }, 'extra', 'UNKNOWN_FIELD'],
    [{ action: 'subscribe', events: ['*'], filter: { tenant: 'x' } }, 'filter.tenant', 'UNKNOWN_FIELD'],
    [
      { action: 'subscribe', events: ['*'], filter: { workspace_id: 'x' } },
      'filter.workspace_id',
      'INVALID_FORMAT',
    ],
    [
      { action: 'subscribe', events: ['*'], filter: { workspace_id: OTHER } },
      'filter.workspace_id',
      'NOT_FOUND',
    ],
    [
      { action: 'subscribe', events: ['*'], filter: { organization_id: OTHER } },
      'filter.organization_id',
      'NOT_FOUND',
    ],
    [{ action: 'subscribe', events: ['*'], after: '-1' }, 'after', 'INVALID_FORMAT'],
    [{ action: 'subscribe', events: ['*'], after: '99999999' }, 'after', 'UNKNOWN_POSITION'],
  ];
  for (const [message, field, code] of cases) {
    one.say(message);
    const { data } = await one.next('error');
    const [first] = data.details;
    assert.equal([first?.field, first?.code ?? data.code], [field, code], JSON.stringify(message));
  }
  one.say({ action: 'ping' });
  await one.next('pong');
  assert.is(one.socket.readyState, one.socket.OPEN);
});

test('there is a most of subscriptions', async () => {
  const one = await feed.connect(token);
  for (let n = 0; n < 33; n++) {
    one.say({ action: 'subscribe', id: `s${n}`, events: ['agent.*'] });
  }
  assert.equal((await one.next('error')).data.details[0].code, 'TOO_MANY');
});

test.run();
