// SPDX-License-Identifier: Apache-2.0
/** Who somebody is by now, as open connections ask again and again. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { ApiKey } from '../schemas/index.js';
import { keyPrincipal } from './authenticate.js';
import { memoryBackend, newUser, type Plane, plane } from './plane.harness.js';
import { reloader } from './reload.js';

let one: Plane;
let admin: string;

test.before(async () => {
  one = await plane(await memoryBackend());
  admin = (await one.signIn()).access_token;
});
test.after(() => one.close());

const [acme, other] = ['11111111-1111-4111-8111-111111111111', '22222222-2222-4222-8222-222222222222'];
const shop = '33333333-3333-4333-8333-333333333333';
const key = (organization_id: string | null): ApiKey => ({
  id: '44444444-4444-4444-8444-444444444444',
  user_id: '55555555-5555-4555-8555-555555555555',
  name: 'CI',
  scopes: ['read:upstreams'],
  organization_id,
  prefix: 'nxm_x',
  last_four: 'abcd',
  expires_at: null,
  created_at: '2026-03-02T12:00:00.000Z',
});
const rights = {
  userId: key(null).user_id,
  isAdmin: false,
  sessionVersion: 3,
  roles: { [acme]: 'editor', [other]: 'owner' },
  workspaceRoles: { [shop]: 'viewer' },
} as const;

test('C18: a key has the rights of its maker, within its scopes', () => {
  const { id, scopes } = key(null);
  const base = { kind: 'api_key', id, userId: rights.userId, scopes };
  assert.equal(keyPrincipal(key(null), rights), {
    ...base,
    isAdmin: false,
    roles: rights.roles,
    workspaceRoles: rights.workspaceRoles,
  });
  assert.equal(keyPrincipal(key(acme), rights), {
    ...base,
    isAdmin: false,
    roles: { [acme]: 'editor' },
    workspaceRoles: rights.workspaceRoles,
    organizationId: acme,
  });
});

test('C18: a key for one organization is no administrator, and nobody where its maker has no role', () => {
  const root = { ...rights, isAdmin: true, roles: {}, workspaceRoles: { [shop]: 'none' } } as const;
  const { isAdmin, roles, workspaceRoles } = keyPrincipal(key(acme), root);
  assert.equal(
    { isAdmin, roles, workspaceRoles },
    { isAdmin: false, roles: { [acme]: 'owner' }, workspaceRoles: {} },
  );
  assert.is(keyPrincipal(key(null), root).isAdmin, true);
  assert.equal(keyPrincipal(key(shop), rights).roles, {});
});

test('C08: a session that has ended, a new version and a disabled user are nobody', async () => {
  const reload = reloader(one.access, one.clock);
  const ann = await newUser(one, admin, 'ann');
  const open = one.access.sessionsOf(ann.id)[0];
  assert.ok(open);
  const before = {
    kind: 'user',
    id: ann.id,
    userId: ann.id,
    sessionId: open.id,
    sessionVersion: open.sessionVersion,
    isAdmin: true,
    roles: { [acme]: 'owner' },
    workspaceRoles: {},
  } as const;
  const now = await reload(before);
  assert.equal([now?.isAdmin, now?.roles], [false, {}], 'rights are those of the log');
  assert.is(await reload({ ...before, sessionId: other }), undefined);
  assert.is(await reload({ ...before, userId: other, id: other }), undefined);
  assert.is(await reload({ ...before, sessionVersion: open.sessionVersion + 1 }), undefined);
  await one.call('PATCH', `/v1/users/${ann.id}`, { is_active: false }, { token: admin });
  assert.is(await reload(before), undefined);
});

test('C18: a key that was revoked, or whose time is over, is nobody', async () => {
  const reload = reloader(one.access, one.clock);
  const ben = await newUser(one, admin, 'ben');
  const make = async (more: object = {}) => {
    const body = { name: 'CI', scopes: ['read:upstreams'], ...more };
    const made = await one.call('POST', '/v1/api-keys', body, { token: ben.token });
    assert.is(made.status, 201, made.text);
    return keyPrincipal(made.body, { ...rights, userId: ben.id });
  };
  const [revoked, short] = [
    await make(),
    await make({ expires_at: new Date(one.clock.now() + 30_000).toISOString() }),
  ];
  assert.equal((await reload(revoked))?.roles, {}, 'what its maker has now');
  assert.ok(await reload(short));
  await one.call('DELETE', `/v1/api-keys/${revoked.id}`, undefined, { token: ben.token });
  assert.is(await reload(revoked), undefined);
  (one.clock as unknown as { advance(ms: number): void }).advance(31_000);
  assert.is(await reload(short), undefined);
});

test.run();
