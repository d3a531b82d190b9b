// SPDX-License-Identifier: Apache-2.0
/** Who is shown what: rights, tickets of one workspace, and the table of what is shown to anybody. */
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
  WORKSPACE,
  workspace,
} from '../../projections/facts.harness.js';
import { type EventType, eventSchemas } from '../../schemas/index.js';
import { FEED } from './catalogue.js';
import { AGENT, connected, OTHER, subscribe, W } from './feed.fixture.js';
import { type Client, type FeedProcess, feedProcess } from './feed.harness.js';

let feed: FeedProcess;
let token: string;

test.before.each(async () => {
  feed = await feedProcess({ workspaces: new Map([[W, ORGANIZATION]]) });
  ({ token } = await feed.app.user({ [ORGANIZATION]: 'viewer' }));
});
test.after.each(() => feed.close());

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
