// SPDX-License-Identifier: Apache-2.0
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { streams } from '../kernel/index.js';
import * as make from './facts.harness.js';
import { documentsAfter } from './given.harness.js';
import { invitations } from './invitations.js';
import { memberId, members } from './members.js';

const at = make.AT;
const [acme, eve, adam, shop] = [make.id('acme'), make.id('eve'), make.id('adam'), make.id('shop')];
const stream = streams.organization(acme);
const about = { organization_id: acme, user_id: eve };

test('members: the role of each, and what is left of it in workspaces', async () => {
  const docs = await documentsAfter(members, [
    [
      stream,
      { type: 'member.added', data: { ...about, role: 'viewer', at } },
      { type: 'member.added', data: { ...about, user_id: adam, role: 'admin', at } },
      { type: 'workspace_role.set', data: { workspace_id: shop, user_id: eve, role: 'none', at } },
      { type: 'member.role_changed', data: { ...about, role: 'editor', at } },
      { type: 'member.removed', data: { organization_id: acme, user_id: adam, at } },
    ],
  ]);
  assert.equal(docs, {
    [memberId(acme, eve)]: {
      id: memberId(acme, eve),
      ...about,
      role: 'editor',
      created_at: at,
      updated_at: at,
      workspace_roles: { [shop]: 'none' },
      _revision: '3',
      _position: '64',
    },
  });
});

test('members: who comes again comes without narrowings', async () => {
  const docs = await documentsAfter(members, [
    [
      stream,
      { type: 'member.added', data: { ...about, role: 'viewer', at } },
      { type: 'workspace_role.set', data: { workspace_id: shop, user_id: eve, role: 'none', at } },
      { type: 'workspace_role.cleared', data: { workspace_id: shop, user_id: eve, at } },
      { type: 'member.removed', data: { ...about, at } },
      { type: 'member.added', data: { ...about, role: 'viewer', at } },
    ],
  ]);
  assert.equal(docs[memberId(acme, eve)]?.['workspace_roles'], {});
});

test('invitations: those that are open', async () => {
  const open = (id: string) => ({
    id: make.id(id),
    organization_id: acme,
    role: 'viewer' as const,
    invited_by: adam,
    has_address: false,
    created_at: at,
    expires_at: at,
  });
  const [one, two, three] = [open('one'), open('two'), open('three')];
  const token_sha256 = 'a'.repeat(64);
  const docs = await documentsAfter(invitations, [
    [
      stream,
      ...[one, two, three].map(
        (invitation) => ({ type: 'invitation.created', data: { invitation, token_sha256 } }) as const,
      ),
      { type: 'invitation.accepted', data: { invitation_id: one.id, user_id: eve, at } },
      { type: 'invitation.revoked', data: { invitation_id: two.id, at } },
    ],
  ]);
  assert.equal(Object.keys(docs), [three.id]);
  assert.not.ok(JSON.stringify(docs).includes(token_sha256));
});

test.run();
