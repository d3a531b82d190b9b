// SPDX-License-Identifier: Apache-2.0
/** Members, narrowings and invitations over the API of the whole program. @slow 300 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { until } from '../harness/until.js';
import { startWorld, type World } from './world.harness.js';

let world: World;
let organization: string;
let workspace: string;
const members = (): string => `/v1/organizations/${organization}/members`;
const invitations = (): string => `/v1/organizations/${organization}/invitations`;
const inWorkspace = (who: string): string => `/v1/workspaces/${workspace}/members/${world.idOf(who)}`;

async function ok(as: string, method: string, path: string, body?: object) {
  const answer = await world.call(as, method, path, body === undefined ? {} : { body });
  assert.ok(answer.status < 300, `${method} ${path} as ${as}: ${answer.status} ${answer.text}`);
  return answer.json;
}
const status = async (as: string, method: string, path: string, body?: object): Promise<number> =>
  (await world.call(as, method, path, body === undefined ? {} : { body })).status;

test.before(async () => {
  world = await startWorld('members');
  for (const who of ['olga', 'adam', 'eve', 'nina', 'mallory']) {
    await world.user(who);
  }
  organization = (await ok('administrator', 'POST', '/v1/organizations', { name: 'Acme', slug: 'acme' })).id;
  workspace = (
    await ok('administrator', 'POST', `/v1/organizations/${organization}/workspaces`, {
      name: 'S',
      slug: 's',
    })
  ).id;
  for (const [who, role] of [
    ['olga', 'owner'],
    ['adam', 'admin'],
    ['eve', 'editor'],
  ]) {
    await ok('administrator', 'POST', members(), { user_id: world.idOf(who ?? ''), role });
  }
});
test.after(() => world.close());

test('whoever creates an organization owns it, and the answer is the same again with its ETag', async () => {
  const body = { name: 'Mine', slug: 'mine' };
  const headers = { 'idempotency-key': 'mine' };
  const first = await world.call('administrator', 'POST', '/v1/organizations', { body, headers });
  const again = await world.call('administrator', 'POST', '/v1/organizations', { body, headers });
  assert.equal([again.status, again.text, again.headers.etag], [201, first.text, first.headers.etag]);
  const { data } = await ok('administrator', 'GET', `/v1/organizations/${first.json.id}/members`);
  assert.equal(
    data.map((one: Record<string, string>) => [one['user_id'], one['email'], one['role']]),
    [[world.idOf('administrator'), 'root@people.example', 'owner']],
  );
});

test('a role counts with the answer that gives it, and no longer with the one that takes it', async () => {
  const path = `/v1/workspaces/${workspace}/upstreams`;
  const upstream = (name: string) => ({ name, servers: [{ address: '10.0.0.1:80' }] });
  assert.is(await status('nina', 'GET', path), 404);
  const made = await world.call('adam', 'POST', members(), {
    body: { user_id: world.idOf('nina'), role: 'viewer' },
  });
  assert.is(made.status, 201);
  assert.is(await status('nina', 'GET', path), 200);
  assert.is(await status('nina', 'POST', path, upstream('one')), 403);
  const member = `${members()}/${world.idOf('nina')}`;
  const changed = await world.call('adam', 'PATCH', member, {
    body: { role: 'editor' },
    headers: { 'if-match': made.headers.etag ?? '' },
  });
  assert.is(changed.status, 200, changed.text);
  assert.equal((await world.call('nina', 'GET', member)).headers.etag, changed.headers.etag);
  const stale = { body: { role: 'viewer' }, headers: { 'if-match': made.headers.etag ?? '' } };
  assert.is((await world.call('adam', 'PATCH', member, stale)).status, 412);
  assert.is(await status('nina', 'POST', path, upstream('two')), 201);
  assert.equal(await ok('adam', 'PUT', inWorkspace('nina'), { role: 'viewer' }), {
    workspace_id: workspace,
    user_id: world.idOf('nina'),
    email: 'nina@people.example',
    role: 'editor',
    workspace_role: 'viewer',
    effective_role: 'viewer',
  });
  assert.is(await status('nina', 'POST', path, upstream('three')), 403);
  await ok('adam', 'PUT', inWorkspace('nina'), { role: 'none' });
  assert.is(await status('nina', 'GET', path), 404);
  assert.equal((await ok('nina', 'GET', `/v1/organizations/${organization}/workspaces`)).meta.total, 0);
  await ok('adam', 'DELETE', inWorkspace('nina'));
  assert.is(await status('nina', 'POST', path, upstream('four')), 201);
  await ok('nina', 'DELETE', `/v1/organizations/${organization}/membership`);
  assert.is(await status('nina', 'GET', path), 404);
  assert.is(await status('adam', 'GET', member), 404);
});

test('an admin does not touch an owner, nor undo their own narrowing', async () => {
  const owner = `${members()}/${world.idOf('olga')}`;
  assert.is(await status('adam', 'PATCH', owner, { role: 'viewer' }), 403);
  assert.is(await status('adam', 'DELETE', owner), 403);
  assert.is(await status('adam', 'PUT', inWorkspace('olga'), { role: 'none' }), 403);
  for (const role of ['viewer', 'none']) {
    await ok('olga', 'PUT', inWorkspace('adam'), { role });
    assert.ok([403, 404].includes(await status('adam', 'DELETE', inWorkspace('adam'))));
    assert.is(
      await status('adam', 'POST', members(), { user_id: world.idOf('mallory'), role: 'viewer' }),
      403,
    );
    assert.is(await status('adam', 'POST', invitations(), { role: 'admin' }), 403);
  }
  await ok('olga', 'DELETE', inWorkspace('adam'));
  assert.is(await status('adam', 'POST', members(), { user_id: organization, role: 'viewer' }), 422);
});

test('an invitation is accepted once, by whom it is for; every other answer is one and the same', async () => {
  const invite = async (fields: object = {}) =>
    ok('adam', 'POST', invitations(), { role: 'viewer', email: 'Nina@people.example', ...fields });
  const accept = (as: string, token: string) =>
    world.call(as, 'POST', '/v1/invitations/accept', { body: { token } });
  const shape = ({ status: code, text }: { status: number; text: string }): string =>
    `${code} ${text.replace(/"request_id":"[^"]*"/, '')}`;

  const first = await invite();
  const before = await world.written();
  const foreign = await accept('mallory', first.token);
  assert.is(await world.written(), before);
  const made = await accept('nina', first.token);
  assert.equal([made.status, made.json.role, made.json.organization_id], [200, 'viewer', organization]);
  const twice = await accept('nina', first.token);

  const revoked = await invite({ email: 'mallory@people.example' });
  await ok('adam', 'DELETE', `${invitations()}/${revoked.id}`);
  const afterwards = await accept('mallory', revoked.token);
  const other = await invite({ email: 'mallory@people.example' });
  const wrongSecret = other.token.slice(0, -4) + (other.token.endsWith('AAAA') ? 'BBBB' : 'AAAA');
  const refusals = [
    foreign,
    twice,
    afterwards,
    await accept('mallory', wrongSecret),
    await accept('mallory', `nxi_${'A'.repeat(86)}`),
    await accept('mallory', 'nonsense'),
  ].map(shape);
  assert.is(new Set(refusals).size, 1, refusals.join('\n'));
  assert.is(foreign.status, 404);
  assert.is(await status('mallory', 'GET', members()), 404);
});

test('a link without an address is for whoever has it; what is over leaves no address behind', async () => {
  const { token, email } = await ok('adam', 'POST', invitations(), { role: 'viewer' });
  assert.is(email, null);
  await ok('mallory', 'POST', '/v1/invitations/accept', { token });
  assert.is(await status('mallory', 'POST', '/v1/invitations/accept', { token }), 404);
  const promised = await ok('adam', 'POST', invitations(), { role: 'viewer', email: 'x@people.example' });
  const address = () => world.context.vault.get(`invitation/${promised.id}/address`);
  assert.ok(await address());
  await ok('olga', 'DELETE', `${members()}/${world.idOf('adam')}`);
  await until('the address is destroyed', async () => (await address()) === undefined);
  const { data } = await ok('olga', 'GET', invitations());
  assert.not.ok(data.some((one: { id: string }) => one.id === promised.id));
});

test('what somebody promised who is shut out is worth nothing', async () => {
  await world.user('otto');
  await ok('olga', 'POST', members(), { user_id: world.idOf('otto'), role: 'admin' });
  const { token } = await ok('otto', 'POST', invitations(), { role: 'viewer' });
  const shut = (disabled: boolean) =>
    ok('administrator', 'PATCH', `/v1/users/${world.idOf('otto')}`, { is_active: !disabled });
  await shut(true);
  assert.is(await status('adam', 'POST', '/v1/invitations/accept', { token }), 404);
  await shut(false);
  assert.is(await status('adam', 'POST', '/v1/invitations/accept', { token }), 200);
});

test('an erased person is a member of nothing', async () => {
  const path = `${members()}/${world.idOf('mallory')}`;
  assert.is(await status('olga', 'GET', path), 200);
  await ok('administrator', 'DELETE', `/v1/users/${world.idOf('mallory')}`);
  await until('the membership has ended', async () => (await status('olga', 'GET', path)) === 404);
});

test('the same invitation asked for again shows the same link; another address under its key is refused', async () => {
  const headers = { 'idempotency-key': 'invite-1' };
  const ask = (email: string) =>
    world.call('olga', 'POST', invitations(), { body: { role: 'viewer', email }, headers });
  const first = await ask('one@people.example');
  assert.is((await ask('one@people.example')).json.token, first.json.token);
  const other = await ask('two@people.example');
  assert.equal([other.status, other.json.error.code], [422, 'IDEMPOTENCY_MISMATCH']);
});

test.run();
