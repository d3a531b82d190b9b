// SPDX-License-Identifier: Apache-2.0
/** Who was let in when: members, narrowings, invitations and API keys of the past, and their histories. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { memoryBackend, newUser, PASSWORD, type Plane, plane } from './plane.harness.js';

type User = Awaited<ReturnType<typeof newUser>>;

let one: Plane;
let admin: string;
let acme: string;
let ws: string;
let olga: User;
let eve: User;
let mallory: User;

test.before(async () => {
  one = await plane(await memoryBackend());
  admin = (await one.signIn()).access_token;
  acme = (await ok('POST', '/v1/organizations', { name: 'Acme', slug: 'acme' })).id;
  ws = (await ok('POST', `/v1/organizations/${acme}/workspaces`, { name: 'W', slug: 'w' })).id;
  olga = await newUser(one, admin, 'olga');
  eve = await newUser(one, admin, 'eve');
  mallory = await newUser(one, admin, 'mallory');
  await ok('POST', `/v1/organizations/${acme}/members`, { user_id: olga.id, role: 'owner' });
});
test.after(() => one.close());

const as = (method: string, path: string, body?: unknown, token = admin) =>
  one.call(method, path, body, { token });
async function ok(method: string, path: string, body?: unknown, token = admin) {
  const answer = await as(method, path, body, token);
  assert.ok(answer.status < 300, `${method} ${path}: ${answer.status} ${answer.text}`);
  return answer.body;
}
const advance = (ms: number): void => (one.clock as unknown as { advance(ms: number): void }).advance(ms);

/** Does something and gives where the log stands then, and when that was. */
async function then(method: string, path: string, body?: unknown, token = admin) {
  const made = await ok(method, path, body, token);
  const at = `position:${await one.events.head()}`;
  const instant = new Date(one.clock.now()).toISOString();
  advance(1_000);
  return { made, at, instant };
}

test('members as they stood, in the organization and in a workspace', async () => {
  const members = `/v1/organizations/${acme}/members`;
  const path = `${members}/${eve.id}`;
  const inWorkspace = `/v1/workspaces/${ws}/members`;
  const before = { at: `position:${await one.events.head()}` };
  const added = await then('POST', members, { user_id: eve.id, role: 'editor' });
  const narrowed = await then('PUT', `${inWorkspace}/${eve.id}`, { role: 'viewer' });
  const raised = await then('PATCH', path, { role: 'admin' });
  const removed = await then('DELETE', path);
  const role = async (at: string): Promise<string | number> => {
    const { status, body } = await as('GET', `${path}?at=${at}`, undefined, olga.token);
    return status === 200 ? body.role : status;
  };
  const listed = async (at: string): Promise<string[]> =>
    (await ok('GET', `${members}?at=${at}`, undefined, olga.token)).data.map(
      (one: { user_id: string; role: string }) => `${one.user_id} ${one.role}`,
    );
  const effective = async (at: string): Promise<string | undefined> =>
    (await ok('GET', `${inWorkspace}?at=${at}`, undefined, olga.token)).data.find(
      (one: { user_id: string }) => one.user_id === eve.id,
    )?.effective_role;
  for (const [at, expected, inside] of [
    [before.at, 404, undefined],
    [added.at, 'editor', 'editor'],
    [added.instant, 'editor', 'editor'],
    [narrowed.at, 'editor', 'viewer'],
    [narrowed.instant, 'editor', 'viewer'],
    [raised.at, 'admin', 'viewer'],
    [removed.at, 404, undefined],
    [removed.instant, 404, undefined],
  ] as const) {
    assert.is(await role(at), expected, at);
    assert.is((await listed(at)).includes(`${eve.id} ${expected}`), expected !== 404, at);
    assert.is(await effective(at), inside, at);
  }
  const [, owner] = await listed(added.at);
  assert.is(owner, `${olga.id} owner`, 'the oldest first, as now');
  const { revision } = (await ok('GET', `${path}/history`)).data.find(
    ({ type }: { type: string }) => type === 'member.added',
  );
  assert.is(await role(`revision:${revision}`), 'editor');
  assert.is(await role('revision:999'), 422);
  assert.is(await role('version:1'), 422);
  assert.equal(
    (await ok('GET', `${inWorkspace}?at=position:0`)).data,
    [],
    'nobody where there was no workspace yet',
  );
  const page = await ok('GET', `${members}?at=${raised.at}&per_page=1&page=3`);
  assert.equal([page.data[0].user_id, page.meta.total], [eve.id, 3]);
});

test('what happened to a membership, with what it was narrowed to', async () => {
  const path = `/v1/organizations/${acme}/members/${eve.id}/history`;
  const { data, meta } = await ok('GET', path, undefined, olga.token);
  assert.equal(
    data.map((one: { type: string; changes: unknown; details: Record<string, unknown> }) => [
      one.type,
      one.changes,
      one.details['workspace_id'],
    ]),
    [
      ['member.removed', [{ field: 'role', before: 'admin', after: null }], undefined],
      ['workspace_role.cleared', [{ field: 'role', before: 'viewer', after: null }], ws],
      ['member.role_changed', [{ field: 'role', before: 'editor', after: 'admin' }], undefined],
      ['workspace_role.set', [{ field: 'role', before: null, after: 'viewer' }], ws],
      ['member.added', [{ field: 'role', before: null, after: 'editor' }], undefined],
    ],
  );
  assert.is(meta.total, 5);
  assert.is((await ok('GET', `${path}?per_page=2&page=3`)).data.length, 1);
});

test('invitations as they stood: open or expired by the time that is asked for, without what is destroyed', async () => {
  const invitations = `/v1/organizations/${acme}/invitations`;
  const invited = await then('POST', invitations, {
    role: 'viewer',
    email: 'guest@example.com',
    expires_in_hours: 1,
  });
  const { id, token } = invited.made;
  const seen = async (at: string) =>
    (await ok('GET', `${invitations}?at=${at}`, undefined, olga.token)).data.map(
      (one: { id: string; state: string; email: string | null }) => [one.id, one.state, one.email],
    );
  assert.equal(await seen(invited.at), [[id, 'pending', 'guest@example.com']]);
  advance(2 * 3_600_000);
  admin = (await one.signIn()).access_token;
  for (const user of [olga, mallory]) {
    user.token = (await one.signIn(user.email, PASSWORD)).access_token;
  }
  const late = new Date(one.clock.now()).toISOString();
  assert.equal(await seen(late), [[id, 'expired', 'guest@example.com']]);
  assert.equal(await seen(invited.instant), [[id, 'pending', 'guest@example.com']]);
  const revoked = await then('DELETE', `${invitations}/${id}`);
  assert.equal(await seen(revoked.at), []);
  assert.equal(await seen(invited.at), [[id, 'pending', null]], 'the address is destroyed with it');
  const history = await as('GET', `${invitations}/${id}/history`, undefined, olga.token);
  assert.equal(
    history.body.data.map((one: { type: string; state: string }) => [one.type, one.state]),
    [
      ['invitation.revoked', 'gone'],
      ['invitation.created', 'set'],
    ],
  );
  assert.not.match(history.text, token);
  assert.not.match(history.text, /sha256|guest@/);
});

test('API keys as they stood: those of a person, and one', async () => {
  const before = `position:${await one.events.head()}`;
  const made = await then('POST', '/v1/api-keys', { name: 'CI', scopes: ['read:upstreams'] }, olga.token);
  const { id, key } = made.made;
  const revoked = await then('DELETE', `/v1/api-keys/${id}`, undefined, olga.token);
  const names = async (at: string, token = olga.token, query = ''): Promise<string[]> =>
    (await ok('GET', `/v1/api-keys?at=${at}${query}`, undefined, token)).data.map(
      (one: { name: string }) => one.name,
    );
  const status = async (at: string, token = olga.token): Promise<number> =>
    (await as('GET', `/v1/api-keys/${id}?at=${at}`, undefined, token)).status;
  for (const [at, there] of [
    [before, false],
    [made.at, true],
    [made.instant, true],
    [revoked.at, false],
    [revoked.instant, false],
  ] as const) {
    assert.equal(await names(at), there ? ['CI'] : [], at);
    assert.is(await status(at), there ? 200 : 404, at);
    assert.is(await status(at, admin), there ? 200 : 404, at);
    assert.is(await status(at, mallory.token), 404, at);
  }
  assert.is(await status('revision:0'), 200);
  assert.is(await status('revision:1'), 404);
  assert.is(await status('revision:2'), 422);
  assert.is(await status('revision:2', mallory.token), 404, 'nothing is told of what is not hers');
  assert.equal(await names(made.at, admin, `&user_id=${olga.id}`), ['CI']);
  const shown = await as('GET', `/v1/api-keys/${id}?at=${made.at}`, undefined, olga.token);
  assert.is(shown.body.last_used_at, null);
  const history = await as('GET', `/v1/api-keys/${id}/history`, undefined, olga.token);
  assert.equal(
    history.body.data.map(({ type }: { type: string }) => type),
    ['api_key.revoked', 'api_key.created'],
  );
  for (const { text } of [shown, history]) {
    assert.not.match(text, key.slice(-49, -6));
    assert.not.match(text, /sha256/);
  }
  const past = await ok('GET', `/v1/api-keys/${id}/history?page=9`, undefined, olga.token);
  assert.equal([past.data, past.meta.total], [[], 2]);
});

test('the past is for those who may see the present', async () => {
  const random = crypto.randomUUID();
  const people = `/v1/organizations/${acme}`;
  const key = (await ok('POST', '/v1/api-keys', { name: 'x', scopes: ['read:agents'] }, olga.token)).id;
  for (const path of [
    `${people}/members?at=position:1`,
    `${people}/members/${eve.id}?at=position:1`,
    `${people}/members/${eve.id}/history`,
    `${people}/invitations?at=position:1`,
    `${people}/invitations/${random}/history`,
    `/v1/workspaces/${ws}/members?at=position:1`,
    `/v1/api-keys/${key}/history`,
    `/v1/api-keys?at=position:1&user_id=${olga.id}`,
  ]) {
    assert.is((await as('GET', path, undefined, mallory.token)).status, 404, path);
  }
  const viewer = await newUser(one, admin, 'vic');
  await ok('POST', `${people}/members`, { user_id: viewer.id, role: 'viewer' });
  const asViewer = async (path: string) => (await as('GET', path, undefined, viewer.token)).status;
  assert.is(await asViewer(`${people}/members/${eve.id}/history`), 200);
  assert.is(await asViewer(`${people}/invitations?at=position:1`), 403);
  assert.is(await asViewer(`${people}/invitations/${random}/history`), 403);
  await ok('PUT', `/v1/workspaces/${ws}/members/${viewer.id}`, { role: 'none' });
  assert.is(await asViewer(`/v1/workspaces/${ws}/members?at=position:1`), 404);
  const types = (await ok('GET', `${people}/members/${eve.id}/history`, undefined, viewer.token)).data;
  assert.is(types.length, 3, 'without what happened in a workspace that is hidden');
  assert.is(await asViewer(`${people}/members/${random}/history`), 404);
});

test('who was erased stays erased in the past too', async () => {
  const gone = await newUser(one, admin, 'gone');
  const path = `/v1/organizations/${acme}/members`;
  const { at } = await then('POST', path, { user_id: gone.id, role: 'viewer' });
  assert.is((await ok('GET', `${path}/${gone.id}?at=${at}`)).email, gone.email);
  await ok('DELETE', `/v1/users/${gone.id}`);
  for (const asked of [`${path}/${gone.id}?at=${at}`, `${path}?at=${at}`, `${path}/${gone.id}/history`]) {
    assert.not.match((await as('GET', asked)).text, gone.email);
  }
  assert.is((await ok('GET', `${path}/${gone.id}?at=${at}`)).email, null);
});

test('of an organization that is gone the past stays, and nobody is in it', async () => {
  const made = await ok('POST', '/v1/organizations', { name: 'Brief', slug: 'brief' });
  const path = `/v1/organizations/${made.id}`;
  const at = `position:${await one.events.head()}`;
  await ok('DELETE', path);
  const head = `position:${await one.events.head()}`;
  assert.is((await ok('GET', `${path}/members?at=${at}`)).meta.total, 1);
  assert.is((await ok('GET', `${path}/members?at=${head}`)).meta.total, 0);
  assert.is((await as('GET', `${path}/members`)).status, 404);
});

test.run();
