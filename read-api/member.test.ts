// SPDX-License-Identifier: Apache-2.0
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Principal } from '../http/index.js';
import { AT, idOf, type ReadApi, startReadApi } from './read-api.harness.js';

let api: ReadApi;
test.before(async () => {
  api = await startReadApi();
  await api.organization('acme');
  await api.organization('rival');
  for (const slug of ['a', 'b', 'c', 'd', 'e']) {
    await api.workspace(slug, 'acme');
  }
  await api.workspace('z', 'rival');
});
test.after(() => api.close());

/** A token of somebody with these rights. */
async function as(rights: Partial<Principal>): Promise<string> {
  const { id, token } = await api.user();
  const user = api.users.get(id);
  if (user) {
    api.users.set(id, { ...user, principal: { ...user.principal, ...rights } });
  }
  return token;
}

const get = async (path: string, token: string) => {
  const answer = await api.call('GET', path, { token });
  assert.is(answer.status, 200, answer.text);
  return answer.json;
};
const slugs = (page: { data: { slug: string }[] }): string[] => page.data.map(({ slug }) => slug);

test('hidden workspaces are left out, with right totals on every page', async () => {
  const hidden = ['b', 'd'].map((slug) => [idOf(slug), 'none']);
  const workspaceRoles = Object.fromEntries([...hidden, [idOf('z'), 'none'], [idOf('e'), 'viewer']]);
  const token = await as({ roles: { [idOf('acme')]: 'editor' }, workspaceRoles });
  const path = `/v1/organizations/${idOf('acme')}/workspaces`;
  const pages = [1, 2, 3].map((page) => get(`${path}?per_page=2&page=${page}`, token));
  const shown = await Promise.all(pages);
  assert.equal(shown.map(slugs), [['a', 'c'], ['e'], []]);
  assert.equal(
    shown.map(({ meta }) => meta.total),
    [3, 3, 3],
  );
  assert.is((await api.call('GET', `/v1/workspaces/${idOf('b')}`, { token })).status, 404);
  const all = await get(path, await as({ roles: { [idOf('acme')]: 'editor' } }));
  assert.equal([slugs(all), all.meta.total], [['a', 'b', 'c', 'd', 'e'], 5]);
});

test('a key for one organization lists no other, whoever made it', async () => {
  const roles = { [idOf('acme')]: 'viewer', [idOf('rival')]: 'viewer' } as const;
  const key = { scopes: ['read:organizations'], organizationId: idOf('rival') };
  for (const maker of [{ roles }, { isAdmin: true }]) {
    assert.equal(slugs(await get('/v1/organizations', await as({ ...maker, ...key }))), ['rival']);
  }
  const foreign = await as({ roles: { [idOf('acme')]: 'viewer' }, ...key });
  assert.equal(slugs(await get('/v1/organizations', foreign)), []);
});

test('members of a workspace with what they may do there; the address only while the vault has it', async () => {
  await api.member('eve', 'acme', { workspace_roles: { [idOf('a')]: 'viewer', [idOf('b')]: 'none' } });
  await api.member('vic', 'acme', { role: 'viewer', workspace_roles: { [idOf('a')]: 'editor' } });
  await api.member('mallory', 'rival');
  api.addresses.set(idOf('eve'), 'eve@example.com');
  const token = await as({ roles: { [idOf('acme')]: 'viewer' } });
  const seen = async (workspace: string) =>
    (await get(`/v1/workspaces/${idOf(workspace)}/members`, token)).data.map(
      (one: Record<string, unknown>) => [
        one['email'],
        one['role'],
        one['workspace_role'],
        one['effective_role'],
      ],
    );
  const sorted = async (workspace: string) => (await seen(workspace)).sort();
  assert.equal(await sorted('a'), [
    [null, 'viewer', 'editor', 'viewer'],
    ['eve@example.com', 'editor', 'viewer', 'viewer'],
  ]);
  assert.equal(await sorted('b'), [
    [null, 'viewer', null, 'viewer'],
    ['eve@example.com', 'editor', 'none', 'none'],
  ]);
  assert.equal(await get(`/v1/organizations/${idOf('acme')}/members/${idOf('eve')}`, token), {
    organization_id: idOf('acme'),
    user_id: idOf('eve'),
    role: 'editor',
    created_at: AT,
    updated_at: AT,
    email: 'eve@example.com',
  });
});

test('an invitation says when it has expired', async () => {
  await api.invitation('young', 'acme');
  await api.invitation('old', 'acme', '2026-02-02T10:00:00.000Z');
  const token = await as({ roles: { [idOf('acme')]: 'admin' } });
  const { data } = await get(`/v1/organizations/${idOf('acme')}/invitations`, token);
  const states = new Map(data.map((one: { id: string; state: string }) => [one.id, one.state]));
  assert.equal([states.get(idOf('young')), states.get(idOf('old'))], ['pending', 'expired']);
});

test.run();
