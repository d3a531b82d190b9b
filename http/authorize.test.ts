// SPDX-License-Identifier: Apache-2.0
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { NxError } from '../kernel/index.js';
import { anonymous, authorize, type Place, type Principal, roleAt } from './authorize.js';
import { organizationOf } from './organization.js';
import type { Action } from './policy.js';

const user: Principal = {
  kind: 'user',
  id: 'ann',
  userId: 'ann',
  isAdmin: false,
  roles: { acme: 'editor' },
  workspaceRoles: { shop: 'viewer', lab: 'none', wide: 'admin' },
};
const admin: Principal = { ...user, isAdmin: true };
const key = (scopes: readonly string[], more: Partial<Principal> = {}): Principal => ({
  ...user,
  kind: 'api_key',
  scopes,
  ...more,
});
const acme = { organizationId: 'acme' };
const at = (workspaceId: string): Place => ({ ...acme, workspaceId });

const verdicts: readonly (readonly [string, Principal, Action, Place, string])[] = [
  ['nobody is signed in', anonymous, 'me.read', {}, 'UNAUTHORIZED'],
  ['nobody reads', { ...anonymous, roles: { acme: 'owner' } }, 'upstream.read', acme, 'UNAUTHORIZED'],
  ['a role that reaches', user, 'upstream.create', acme, 'yes'],
  ['a role that does not', user, 'workspace.create', acme, 'FORBIDDEN'],
  ['another organization', user, 'upstream.read', { organizationId: 'other' }, 'NOT_FOUND'],
  ['an organization of a common name', user, 'upstream.read', { organizationId: 'toString' }, 'NOT_FOUND'],
  ['a workspace that narrows', user, 'upstream.create', at('shop'), 'FORBIDDEN'],
  ['a workspace that narrows, to read', user, 'upstream.read', at('shop'), 'yes'],
  ['a workspace that is hidden', user, 'upstream.read', at('lab'), 'NOT_FOUND'],
  ['a narrowing above the role of today', user, 'agent.delete', at('wide'), 'FORBIDDEN'],
  ['an administrator in a workspace narrowed before', admin, 'agent.delete', at('lab'), 'yes'],
  ['an administrator over the installation', admin, 'user.list', {}, 'yes'],
  ['a user over the installation', user, 'user.list', {}, 'FORBIDDEN'],
  ['a key with the scope', key(['write:upstreams']), 'upstream.create', acme, 'yes'],
  ['a key with another scope', key(['read:upstreams']), 'upstream.create', acme, 'FORBIDDEN'],
  ['a key for what is for people', key(['read:members']), 'member.leave', acme, 'FORBIDDEN'],
  ['a scope without the role', key(['write:workspaces']), 'workspace.create', acme, 'FORBIDDEN'],
  [
    'a key for another organization',
    key(['read:upstreams'], { organizationId: 'other' }),
    'upstream.read',
    acme,
    'NOT_FOUND',
  ],
  [
    "an administrator's key for one organization",
    key(['admin:system'], { isAdmin: true, organizationId: 'acme' }),
    'user.list',
    {},
    'FORBIDDEN',
  ],
];
for (const [name, principal, action, place, expected] of verdicts) {
  test(`${name}: ${expected}`, () => {
    let code = 'yes';
    try {
      authorize(principal, action, place);
    } catch (error) {
      assert.instance(error, NxError);
      code = (error as NxError).code;
    }
    assert.is(code, expected);
  });
}

test('a workspace narrows a role and never widens it', () => {
  assert.is(roleAt(user, 'acme', 'shop'), 'viewer');
  assert.is(roleAt(user, 'acme', 'wide'), 'editor');
  assert.is(roleAt(user, 'acme', 'constructor'), 'editor');
});

test('the organization is the one that is named, or the only one', () => {
  assert.is(organizationOf(user), 'acme');
  assert.is(organizationOf(user, undefined, 'other'), 'other');
  const two = { ...user, roles: { acme: 'editor', other: 'viewer' } } as const;
  assert.throws(() => organizationOf(two), 'Validation');
  assert.is(organizationOf({ ...two, organizationId: 'other' }), 'other');
  assert.throws(() => organizationOf(user, 'acme', 'other'), 'Validation');
});

test.run();
