// SPDX-License-Identifier: Apache-2.0
/** Agents over the API of the whole program; none of them has come. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { until } from '../test/harness/until.js';
import { memoryBackend, newUser, type Plane, plane } from './plane.harness.js';

let one: Plane;
let admin: string;

test.before(async () => {
  one = await plane(await memoryBackend());
  admin = (await one.signIn()).access_token;
});
test.after(() => one.close());

const as = (method: string, path: string, body?: unknown, token = admin, headers = {}) =>
  one.call(method, path, body, { token, headers });

test('who changes an agent is answered with what who asks for it gets', async () => {
  const organization = (await as('POST', '/v1/organizations', { name: 'Acme', slug: 'acme' })).body.id;
  const workspaces = `/v1/organizations/${organization}/workspaces`;
  const workspace = (await as('POST', workspaces, { name: 'W', slug: 'w' })).body.id;
  const enrolled = await as('POST', `/v1/workspaces/${workspace}/agents/tokens`, {
    name: 'web',
    labels: { env: 'production', tier: 'web' },
  });
  const path = `/v1/agents/${enrolled.body.agent_id}`;
  const key = { 'idempotency-key': 'k' };
  const change = { name: 'web-1', labels: { tier: null, site: 'north' } };
  const changed = await as('PATCH', path, change, admin, key);
  assert.is(changed.status, 200, changed.text);
  const { body, headers } = await as('GET', path);
  assert.equal(changed.body, body);
  assert.is(changed.headers.get('etag'), headers.get('etag'));
  assert.equal(
    [body.name, body.labels, body.state, body.health],
    ['web-1', { env: 'production', site: 'north' }, 'offline', null],
  );
  assert.equal((await as('PATCH', path, change, admin, key)).body, body, 'asked again, the same');
  const stale = await as('PATCH', path, { name: 'x' }, admin, { 'if-match': '"0"' });
  assert.is(stale.status, 412);
  const stranger = await newUser(one, admin, 'stranger');
  assert.is((await as('PATCH', path, { name: 'x' }, stranger.token)).status, 404);
  assert.is((await as('GET', path)).body.name, 'web-1');
});

test('what differs between two versions names agents too, also those that are gone', async () => {
  const organization = (await as('POST', '/v1/organizations', { name: 'Diff', slug: 'diff' })).body.id;
  const workspaces = `/v1/organizations/${organization}/workspaces`;
  const workspace = (await as('POST', workspaces, { name: 'W', slug: 'w' })).body.id;
  const versions = `/v1/workspaces/${workspace}/versions`;
  const enrolled = await as('POST', `/v1/workspaces/${workspace}/agents/tokens`, { name: 'edge' });
  const published = (count: number) =>
    until(`${count} versions`, async () => (await as('GET', versions)).body.meta.total === count);
  await published(1);
  await as('DELETE', `/v1/agents/${enrolled.body.agent_id}`);
  await published(2);
  for (const [path, action] of [
    [`${versions}/0/diff/1`, 'added'],
    [`${versions}/1/diff/2`, 'removed'],
  ] as const) {
    const [resource] = (await as('GET', path)).body.resources;
    assert.equal([resource.kind, resource.name, resource.action], ['agent', 'edge', action]);
  }
});

test.run();
