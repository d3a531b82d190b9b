// SPDX-License-Identifier: Apache-2.0
/** API keys: made, used within their scopes and their maker's rights, revoked. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { apiKeyText, readApiKey, SCOPES } from '../http/index.js';
import { Secret, sha256, streams } from '../kernel/index.js';
import type { ApiKey } from '../schemas/index.js';
import { until } from '../test/harness/until.js';
import { keyPrincipal } from './authenticate.js';
import { memoryBackend, newUser, type Plane, plane } from './plane.harness.js';

let one: Plane;
let admin: string;
let acme: string;
let other: string;

test.before(async () => {
  one = await plane(await memoryBackend());
  admin = (await one.signIn()).access_token;
  acme = (await as('POST', '/v1/organizations', { name: 'Acme', slug: 'acme' })).body.id;
  other = (await as('POST', '/v1/organizations', { name: 'Other', slug: 'other' })).body.id;
});
test.after(() => one.close());

const as = (method: string, path: string, body?: unknown, token = admin, headers = {}) =>
  one.call(method, path, body, { token, headers });
const advance = (ms: number): void => (one.clock as unknown as { advance(ms: number): void }).advance(ms);
const make = async (body: object, token = admin, headers = {}) =>
  as('POST', '/v1/api-keys', { name: 'CI', scopes: ['read:organizations'], ...body }, token, headers);

test('a key is shown once, and comes in by either header', async () => {
  const made = await make({}, admin, { 'idempotency-key': 'k1' });
  assert.is(made.status, 201, made.text);
  const { key, ...rest } = made.body;
  assert.match(key, /^nxm_[0-9A-Za-z]{22}_[0-9A-Za-z]{49}$/);
  assert.ok(key.startsWith(`${rest.prefix}_`));
  assert.is(rest.last_four, key.slice(-4));
  assert.is((await make({}, admin, { 'idempotency-key': 'k1' })).body.key, key, 'asked again, the same');
  assert.is(
    (await make({ name: 'x' }, admin, { 'idempotency-key': 'k1' })).body.error.code,
    'IDEMPOTENCY_MISMATCH',
  );
  assert.is((await as('GET', '/v1/organizations', undefined, key)).status, 200);
  const own = await one.call('GET', '/v1/organizations', undefined, { headers: { 'x-api-key': key } });
  assert.is(own.body.meta.total, 2);
  const two = await as('GET', '/v1/organizations', undefined, admin, { 'x-api-key': key });
  assert.is(two.status, 401, 'two credentials are none');
  const listed = await as('GET', '/v1/api-keys');
  assert.not.match(listed.text, key);
  const used = await until('its last use is known', async () => {
    const { body } = await as('GET', `/v1/api-keys/${rest.id}`);
    return body.last_used_at !== null && body;
  });
  assert.equal({ ...used, last_used_at: null }, { ...rest, last_used_at: null });
});

test('C17: the log and the stores have its hash and nothing of it', async () => {
  const { key, id } = (await make({})).body;
  let text = '';
  for await (const { data, meta } of one.events.read(streams.api_key(id))) {
    text += JSON.stringify([data, meta]);
  }
  assert.match(text, sha256(key));
  assert.not.match(text, key.slice(-49, -6));
  assert.not.match(one.lines.join(''), key.slice(-49, -6));
});

test('what is no key', async () => {
  const { key, id } = (await make({})).body;
  const flip = (at: number): string => {
    const index = at < 0 ? key.length + at : at;
    return key.slice(0, index) + (key[index] === 'A' ? 'B' : 'A') + key.slice(index + 1);
  };
  assert.is(id.length, 36);
  for (const text of [
    flip(5),
    flip(30),
    flip(-1),
    key.slice(0, -1),
    `${key}A`,
    'nxm_',
    'nxm_a_b',
    key.toUpperCase(),
    `nxm_${'z'.repeat(22)}_${'z'.repeat(49)}`,
  ]) {
    const answer = await as('GET', '/v1/organizations', undefined, text);
    assert.is(answer.status, 401, text);
    assert.is(answer.body.error.message, 'Invalid credentials');
    const own = await one.call('GET', '/v1/organizations', undefined, { headers: { 'x-api-key': text } });
    assert.is(own.status, 401);
  }
});

test('a key with another secret is well-formed and worth nothing', async () => {
  const { key, id } = (await make({})).body;
  const forged = apiKeyText(id, new Secret(Buffer.alloc(32, 7))).reveal();
  assert.is(readApiKey(forged)?.id, id);
  assert.equal(readApiKey(key), { id, sha256: sha256(key) });
  assert.is((await as('GET', '/v1/organizations', undefined, forged)).status, 401);
  assert.is(readApiKey(`${key.slice(0, -7)}${key.at(-7) === 'A' ? 'B' : 'A'}${key.slice(-6)}`), undefined);
});

test('what a key must be', async () => {
  const faults = async (body: object): Promise<string[]> => {
    const answer = await make(body);
    assert.is(answer.status, 422, answer.text);
    return answer.body.error.details.map(({ field }: { field: string }) => field);
  };
  assert.equal(await faults({ scopes: ['read:organizations', 'read:everything', 'x'] }), [
    'scopes[1]',
    'scopes[2]',
  ]);
  assert.equal(await faults({ scopes: [] }), ['scopes']);
  assert.equal(await faults({ scopes: ['read:upstreams', 'read:upstreams'] }), ['scopes']);
  assert.equal(await faults({ organization_id: '0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b' }), [
    'organization_id',
  ]);
  assert.equal(await faults({ expires_at: '2020-01-01T00:00:00Z' }), ['expires_at']);
  assert.equal(await faults({ user_id: acme }), ['user_id']);
  for (const scope of ['read:plugins', 'write:plugins', 'admin:system', 'events:emit', 'events:subscribe']) {
    assert.ok(SCOPES.includes(scope), scope);
  }
  const ann = await newUser(one, admin, 'ann');
  assert.is(
    (await make({ organization_id: acme }, ann.token)).status,
    422,
    'an organization that is not hers',
  );
});

test('C18: a key does what its scopes say, in its organization, and nothing that is for people', async () => {
  const { key: reads } = (await make({ scopes: SCOPES.filter((scope) => scope.startsWith('read:')) })).body;
  assert.is((await as('GET', `/v1/organizations/${acme}`, undefined, reads)).status, 200);
  assert.is((await as('PATCH', `/v1/organizations/${acme}`, { name: 'A' }, reads)).status, 403);
  assert.is((await as('GET', '/v1/users', undefined, reads)).status, 403);
  const { key: all } = (await make({ scopes: SCOPES })).body;
  assert.is((await as('GET', '/v1/users', undefined, all)).status, 200);
  for (const [method, path, body] of [
    ['GET', '/v1/users/me'],
    ['PATCH', '/v1/users/me', { full_name: 'x' }],
    ['POST', '/v1/users/me/change-password', { old_password: 'a', new_password: 'b' }],
    ['GET', '/v1/sessions'],
    ['POST', '/v1/auth/logout'],
    ['GET', '/v1/api-keys'],
    ['POST', '/v1/api-keys', { name: 'x', scopes: ['read:agents'] }],
    ['POST', '/v1/signing-keys/rotate'],
  ] as const) {
    assert.is((await as(method, path, body, all)).status, 403, `${method} ${path}`);
  }
  const { key: bound } = (await make({ scopes: SCOPES, organization_id: acme })).body;
  assert.is((await as('GET', `/v1/organizations/${acme}`, undefined, bound)).status, 200);
  assert.is((await as('GET', `/v1/organizations/${other}`, undefined, bound)).status, 404);
  assert.is((await as('GET', '/v1/organizations', undefined, bound)).body.meta.total, 1);
  assert.is(
    (await as('GET', '/v1/users', undefined, bound)).status,
    403,
    'the installation is not its organization',
  );
  assert.is((await as('POST', '/v1/organizations', { name: 'X', slug: 'xx' }, bound)).status, 403);
});

test("an administrator's key for one organization is no administrator's", () => {
  const [acme, other] = ['acme', 'other'];
  const key = { id: 'k', scopes: [], organization_id: acme } as unknown as ApiKey;
  const rights = { userId: 'ann', isAdmin: true, sessionVersion: 1, roles: {}, workspaceRoles: {} } as const;
  const { isAdmin, roles, organizationId } = keyPrincipal(key, rights);
  assert.equal([isAdmin, roles, organizationId], [false, { [acme]: 'owner' }, acme]);
  const member = { ...rights, isAdmin: false, roles: { [acme]: 'viewer', [other]: 'owner' } } as const;
  assert.equal(keyPrincipal(key, member).roles, { [acme]: 'viewer' });
});

test('a key has the rights that its maker has now', async () => {
  const boss = await newUser(one, admin, 'boss', { is_admin: true });
  const { key } = (await make({ scopes: SCOPES }, boss.token)).body;
  assert.is((await as('GET', '/v1/users', undefined, key)).status, 200);
  await as('PATCH', `/v1/users/${boss.id}`, { is_admin: false });
  assert.is((await as('GET', '/v1/users', undefined, key)).status, 403);
  assert.is((await as('GET', `/v1/organizations/${acme}`, undefined, key)).status, 404);
});

test('a revoked key and an expired one are out', async () => {
  const { key, id } = (await make({})).body;
  const stranger = await newUser(one, admin, 'stranger');
  assert.is((await as('DELETE', `/v1/api-keys/${id}`, undefined, stranger.token)).status, 404);
  assert.is((await as('GET', `/v1/api-keys/${id}`, undefined, stranger.token)).status, 404);
  assert.is((await as('DELETE', `/v1/api-keys/${id}`)).status, 204);
  assert.is((await as('GET', '/v1/organizations', undefined, key)).status, 401);
  assert.is((await as('GET', `/v1/api-keys/${id}`)).status, 404);
  const soon = new Date(one.clock.now() + 60_000).toISOString();
  const { key: brief } = (await make({ expires_at: soon })).body;
  assert.is((await as('GET', '/v1/organizations', undefined, brief)).status, 200);
  advance(61_000);
  assert.is((await as('GET', '/v1/organizations', undefined, brief)).status, 401);
  admin = (await one.signIn()).access_token;
});

test("an administrator sees and revokes anybody's keys", async () => {
  const zoe = await newUser(one, admin, 'zoe');
  const { id, key } = (await make({}, zoe.token)).body;
  assert.is((await as('GET', `/v1/api-keys?user_id=${zoe.id}`)).body.data[0].id, id);
  assert.is(
    (await as('GET', `/v1/api-keys?user_id=${one.access.administrators()[0]}`, undefined, zoe.token)).status,
    404,
  );
  assert.is((await as('DELETE', `/v1/api-keys/${id}`)).status, 204);
  assert.is((await as('GET', '/v1/organizations', undefined, key)).status, 401);
});

test.run();
