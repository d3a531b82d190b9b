// SPDX-License-Identifier: Apache-2.0
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { streams } from '../../kernel/index.js';
import {
  AT,
  agent,
  digest,
  id,
  ORGANIZATION,
  organization,
  upstream,
  virtualHost,
  WORKSPACE,
  workspace,
} from '../../projections/facts.harness.js';
import { type EventType, eventSchemas, type Fact } from '../../schemas/index.js';
import { FEED } from './catalogue.js';
import { type Client, type FeedProcess, feedProcess } from './feed.harness.js';

const AGENT = id('agent', 'a');
const W = id('workspace', 'w');
const OTHER = id('organization', 'other');
let feed: FeedProcess;
let token: string;

test.before.each(async () => {
  feed = await feedProcess({ workspaces: new Map([[W, ORGANIZATION]]) });
  ({ token } = await feed.app.user({ [ORGANIZATION]: 'viewer' }));
});
test.after.each(() => feed.close());

const facts = {
  hostname: 'web-01.internal',
  ip_address: '10.0.1.10',
  version: '0.1.0',
  deployment_mode: 'docker_sidecar' as const,
  capabilities: [],
  nginx_version: '1.22.1',
};
const session_id = id('session');
const connected: Fact = { type: 'agent.connected', data: { agent_id: AGENT, session_id, facts, at: AT } };
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

const subscribe = async (one: Client, events: string[], more: object = {}) => {
  one.say({ action: 'subscribe', events, ...more });
  await one.next('caught-up');
};

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

test('F08: nobody sees what is not theirs, and nobody sees people, sessions, keys and reservations', async () => {
  const hidden = await feed.app.user({ [ORGANIZATION]: 'viewer' });
  const known = feed.app.users.get(hidden.id);
  if (known) {
    known.principal = { ...known.principal, workspaceRoles: { [W]: 'none' } };
  }
  const key = await feed.app.user({ [ORGANIZATION]: 'viewer' });
  const ofKey = feed.app.users.get(key.id);
  if (ofKey) {
    ofKey.principal = { ...ofKey.principal, kind: 'api_key', scopes: ['events:subscribe', 'read:upstreams'] };
  }
  const stranger = await feed.app.user({ [OTHER]: 'owner' });
  const admin = await feed.app.user({}, true);
  const all: Client[] = [];
  for (const one of [token, hidden.token, key.token, stranger.token, admin.token]) {
    const opened = await feed.connect(one);
    await subscribe(opened, ['*']);
    all.push(opened);
  }
  const user_id = id('user');
  await feed.write(streams.user(user_id), {
    type: 'user.created',
    data: { user_id, is_admin: false, at: AT },
  });
  await feed.write(streams.email('ab12'), { type: 'email.reserved', data: { user_id, at: AT } });
  await feed.write(streams.slug('shop'), {
    type: 'slug.reserved',
    data: { slug: 'shop', organization_id: ORGANIZATION, at: AT },
  });
  await feed.write(streams.agent(AGENT), connected);
  await feed.write(WORKSPACE, { type: 'upstream.created', data: { upstream: upstream('api') } });
  const enrolled = { agent: agent('a'), token_sha256: digest('canary'), token_expires_at: AT };
  await feed.write(WORKSPACE, { type: 'agent.enrolled', data: enrolled });
  await feed.write(streams.organization(ORGANIZATION), {
    type: 'organization.updated',
    data: { organization: { ...organization('o'), id: ORGANIZATION }, changed: [] },
  });
  await feed.write(streams.organization(OTHER), {
    type: 'organization.created',
    data: { organization: { ...organization('other'), id: OTHER } },
  });
  const [viewer, narrowed, scoped, other, root] = all as [Client, Client, Client, Client, Client];
  await root.next('organization.created');
  await other.next('organization.created');
  await viewer.next('organization.updated');
  await narrowed.next('organization.updated');
  await scoped.next('upstream.created');
  const types = (one: Client) => one.events().map(({ type }) => type);
  const mine = ['agent.connected', 'upstream.created', 'agent.enrolled', 'organization.updated'];
  assert.equal(types(viewer), mine);
  // The agent's facts here name no workspace, so only what stands in the workspace's stream is hidden.
  assert.equal(types(narrowed), ['agent.connected', 'organization.updated']);
  assert.equal(types(scoped), ['upstream.created']);
  assert.equal(types(other), ['organization.created']);
  assert.equal(types(root), [...mine, 'organization.created']);
  assert.not.ok(JSON.stringify(root.frames).includes(digest('canary')));
});

test('D01: a ticket for one workspace shows that workspace alone; one for a foreign workspace is not made', async () => {
  const bound = await feed.connect(token, '&events=*', { workspace_id: W });
  await bound.next('caught-up');
  await feed.write(streams.organization(ORGANIZATION), {
    type: 'organization.updated',
    data: { organization: { ...organization('o'), id: ORGANIZATION }, changed: [] },
  });
  await feed.write(WORKSPACE, {
    type: 'workspace.updated',
    data: { workspace: workspace('w'), changed: [] },
  });
  await bound.next('workspace.updated');
  assert.equal(
    bound.events().map(({ type }) => type),
    ['workspace.updated'],
  );
  bound.say({ action: 'subscribe', events: ['*'], filter: { workspace_id: id('workspace', 'v') } });
  assert.is((await bound.next('error')).data.details[0].code, 'NOT_FOUND');
  const foreign = await feed.app.user({ [OTHER]: 'owner' });
  for (const workspace_id of [W, id('workspace', 'nobody')]) {
    const answer = await feed.app.call('POST', '/v1/events/tickets', {
      token: foreign.token,
      json: { workspace_id },
    });
    assert.is(answer.status, 422);
    assert.is(answer.json.error.details[0].code, 'NOT_FOUND');
  }
});

test('an event of a program comes under its own type, and is marked', async () => {
  const one = await feed.connect(token);
  await subscribe(one, ['user.*']);
  const event = {
    custom_event_id: id('custom'),
    organization_id: ORGANIZATION,
    workspace_id: null,
    type: 'user.registered',
    data: { user_id: 'user_123', username: 'new_user' },
    at: AT,
  };
  await feed.write(streams.custom_event(id('custom')), { type: 'custom_event.emitted', data: event });
  const frame = await one.next('user.registered');
  assert.equal(frame.data, event.data);
  assert.is(frame.custom, true);
});

test('no type that is about people or keys is in the table of what is shown', () => {
  const kept = /^(user|session|api_key|email|slug|workspace_slug|invitation|member|workspace_role)\./;
  assert.equal(
    Object.keys(FEED).filter((type) => kept.test(type)),
    [],
  );
  const shown = Object.keys(FEED) as EventType[];
  assert.equal(
    shown.filter((type) => !Object.hasOwn(eventSchemas, type)),
    [],
  );
});

test.run();
