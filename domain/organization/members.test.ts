// SPDX-License-Identifier: Apache-2.0
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { uuidv5 } from '../../kernel/index.js';
import type { OrganizationFact, Role } from '../../schemas/index.js';
import { spec } from '../given.harness.js';
import { organization } from './index.js';

const given = spec(organization);
const AT = '2026-03-02T12:00:00.000Z';
const LATER = '2026-03-03T12:00:00.000Z';
const acme = uuidv5('organization', 'acme');
const shop = uuidv5('workspace', 'shop');
const invitationId = uuidv5('invitation', 'one');
const id = (name: string): string => uuidv5('user', name);
const as = (name: string) => ({ userId: id(name), isAdmin: false });
const TOKEN = 'a'.repeat(64);

const created: OrganizationFact = {
  type: 'organization.created',
  data: { organization: { id: acme, name: 'Acme', slug: 'acme', created_at: AT, updated_at: AT } },
};
const member = (name: string, role: Role): OrganizationFact => ({
  type: 'member.added',
  data: { organization_id: acme, user_id: id(name), role, at: AT },
});
const narrowed = (name: string, role: 'none' | 'viewer'): OrganizationFact => ({
  type: 'workspace_role.set',
  data: { workspace_id: shop, user_id: id(name), role, at: AT },
});
const cleared = (name: string): OrganizationFact => ({
  type: 'workspace_role.cleared',
  data: { workspace_id: shop, user_id: id(name), at: AT },
});
const invited = (by: string, role: Role, hasAddress = false): OrganizationFact => ({
  type: 'invitation.created',
  data: {
    invitation: {
      id: invitationId,
      organization_id: acme,
      role,
      invited_by: id(by),
      has_address: hasAddress,
      created_at: AT,
      expires_at: LATER,
    },
    token_sha256: TOKEN,
  },
});
const revoked: OrganizationFact = {
  type: 'invitation.revoked',
  data: { invitation_id: invitationId, at: AT },
};
const removed = (name: string): OrganizationFact => ({
  type: 'member.removed',
  data: { organization_id: acme, user_id: id(name), at: AT },
});
const changed = (name: string, role: Role): OrganizationFact => ({
  type: 'member.role_changed',
  data: { organization_id: acme, user_id: id(name), role, at: AT },
});

const people = [created, member('olga', 'owner'), member('adam', 'admin'), member('eve', 'editor')];
const add = (name: string, role: Role, by: string) =>
  ({ type: 'add-member', userId: id(name), role, by: as(by), at: AT }) as const;
const change = (name: string, role: Role, by: string) =>
  ({ type: 'change-member', userId: id(name), role, by: as(by), at: AT }) as const;
const remove = (name: string, by: string) =>
  ({ type: 'remove-member', userId: id(name), by: as(by), at: AT }) as const;
const narrow = (name: string, role: 'none' | 'viewer' | 'admin' | undefined, by: string) =>
  ({ type: 'narrow-member', userId: id(name), workspaceId: shop, role, by: as(by), at: AT }) as const;
const accept = (fields: object = {}) =>
  ({
    type: 'accept-invitation',
    id: invitationId,
    userId: id('nina'),
    tokenSha256: TOKEN,
    isInvited: false,
    stands: true,
    at: AT,
    ...fields,
  }) as const;

test('whoever creates an organization owns it', () => {
  const body = { name: 'Acme', slug: 'acme' };
  given()
    .when({ type: 'create-organization', id: acme, body, ownerId: id('olga'), at: AT })
    .thenFacts(created, member('olga', 'owner'));
});

test('nobody gives a role above their own, and below admin nobody gives any', () => {
  given(...people)
    .when(add('nina', 'admin', 'adam'))
    .thenFacts(member('nina', 'admin'));
  given(...people)
    .when(add('nina', 'owner', 'adam'))
    .thenRefused('FORBIDDEN');
  given(...people)
    .when(add('nina', 'viewer', 'eve'))
    .thenRefused('FORBIDDEN');
  given(...people)
    .when(add('nina', 'viewer', 'nobody'))
    .thenRefused('FORBIDDEN');
  given(...people)
    .when(change('eve', 'owner', 'adam'))
    .thenRefused('FORBIDDEN');
  given(...people)
    .when(change('adam', 'owner', 'adam'))
    .thenRefused('FORBIDDEN');
  given(...people)
    .when(add('eve', 'viewer', 'olga'))
    .thenRefused('CONFLICT', 'user_id');
});

test('an administrator of the installation decides as an owner', () => {
  const by = { userId: id('root'), isAdmin: true };
  given(...people)
    .when({ type: 'add-member', userId: id('nina'), role: 'owner', by, at: AT })
    .thenFacts(member('nina', 'owner'));
});

test('an admin neither changes nor removes nor narrows an owner', () => {
  for (const command of [
    change('olga', 'viewer', 'adam'),
    remove('olga', 'adam'),
    narrow('olga', 'none', 'adam'),
  ]) {
    given(...people)
      .when(command)
      .thenRefused('FORBIDDEN');
  }
});

test('one owner stays, until there is another', () => {
  const leave = { type: 'leave', userId: id('olga'), at: AT } as const;
  for (const command of [change('olga', 'admin', 'olga'), remove('olga', 'olga'), leave]) {
    given(...people)
      .when(command)
      .thenRefused('CONFLICT', 'user_id');
  }
  given(...people, member('otto', 'owner'))
    .when(leave)
    .thenFacts(removed('olga'));
  given(...people, member('otto', 'owner'))
    .when(change('olga', 'admin', 'otto'))
    .thenFacts(changed('olga', 'admin'));
});

test('everybody may leave by themselves; who is no member cannot', () => {
  given(...people)
    .when({ type: 'leave', userId: id('eve'), at: AT })
    .thenFacts(removed('eve'));
  given(...people)
    .when({ type: 'leave', userId: id('nina'), at: AT })
    .thenRefused('NOT_FOUND');
});

test('an erased person is no member any more, also as the last owner; again it changes nothing', () => {
  const end = { type: 'end-membership', userId: id('olga'), at: AT } as const;
  given(...people)
    .when(end)
    .thenFacts(removed('olga'));
  given(...people, removed('olga'))
    .when(end)
    .thenFacts();
});

test('narrowing narrows', () => {
  given(...people)
    .when(narrow('eve', 'viewer', 'adam'))
    .thenFacts(narrowed('eve', 'viewer'));
  given(...people, narrowed('eve', 'viewer'))
    .when(narrow('eve', 'viewer', 'adam'))
    .thenFacts();
  given(...people)
    .when(narrow('eve', 'admin', 'olga'))
    .thenRefused('VALIDATION_ERROR', 'role');
  given(...people)
    .when(narrow('nina', 'none', 'adam'))
    .thenRefused('NOT_FOUND');
  given(...people)
    .when(narrow('olga', 'none', 'olga'))
    .thenRefused('CONFLICT');
  given(...people, narrowed('eve', 'none'))
    .when(narrow('eve', undefined, 'adam'))
    .thenFacts(cleared('eve'));
  given(...people)
    .when(narrow('eve', undefined, 'adam'))
    .thenFacts();
});

test('who is narrowed gives no roles: a new member would have more than they', () => {
  const past = [...people, narrowed('adam', 'none')];
  given(...past)
    .when(add('nina', 'viewer', 'adam'))
    .thenRefused('FORBIDDEN');
  given(...past)
    .when(change('eve', 'admin', 'adam'))
    .thenRefused('FORBIDDEN');
  given(...past)
    .when(change('eve', 'viewer', 'adam'))
    .thenFacts(changed('eve', 'viewer'));
  const released: OrganizationFact = {
    type: 'workspace_slug.released',
    data: { workspace_id: shop, slug: 'shop', at: AT },
  };
  given(...past, released)
    .when(add('nina', 'viewer', 'adam'))
    .thenFacts(member('nina', 'viewer'));
});

test('whoever goes takes along what is narrowed and what they promised', () => {
  given(...people, narrowed('adam', 'none'), invited('adam', 'viewer'))
    .when(remove('adam', 'olga'))
    .thenFacts(cleared('adam'), revoked, removed('adam'));
  given(...people, narrowed('eve', 'none'))
    .when(change('eve', 'owner', 'olga'))
    .thenFacts(cleared('eve'), changed('eve', 'owner'));
});

test('what somebody promised falls when they could not give it any more', () => {
  given(...people, member('otto', 'owner'), invited('otto', 'owner'))
    .when(change('otto', 'admin', 'olga'))
    .thenFacts(revoked, changed('otto', 'admin'));
  given(...people, invited('adam', 'viewer'))
    .when(change('adam', 'editor', 'olga'))
    .thenFacts(revoked, changed('adam', 'editor'));
  given(...people, invited('adam', 'viewer'))
    .when(narrow('adam', 'none', 'olga'))
    .thenFacts(revoked, narrowed('adam', 'none'));
  given(...people, member('otto', 'owner'), invited('otto', 'admin'))
    .when(change('otto', 'admin', 'olga'))
    .thenFacts(changed('otto', 'admin'));
});

test('an invitation makes a member, once', () => {
  const accepted: OrganizationFact = {
    type: 'invitation.accepted',
    data: { invitation_id: invitationId, user_id: id('nina'), at: AT },
  };
  const past = [...people, invited('adam', 'viewer')];
  given(...past)
    .when(accept())
    .thenFacts(accepted, member('nina', 'viewer'));
  given(...past)
    .when(accept({ userId: id('eve') }))
    .thenRefused('CONFLICT', 'token');
  const bound = [...people, invited('adam', 'viewer', true)];
  given(...bound)
    .when(accept({ isInvited: true }))
    .thenFacts(accepted, member('nina', 'viewer'));
  const refusals = [
    given(...past).when(accept({ tokenSha256: 'b'.repeat(64) })),
    given(...past).when(accept({ at: LATER })),
    given(...past).when(accept({ id: shop })),
    given(...past, revoked).when(accept()),
    given(...past, accepted).when(accept({ userId: id('otto') })),
    given(...bound).when(accept()),
    given(...past).when(accept({ stands: false })),
    given().when(accept()),
  ].map((one) => one.thenRefused('NOT_FOUND').message);
  assert.is(new Set(refusals).size, 1);
});

test('an invitation gives no more than its maker has, and is revoked by nobody below it', () => {
  const invite = (role: Role, by: string) =>
    ({
      type: 'invite',
      id: invitationId,
      role,
      hasAddress: false,
      tokenSha256: TOKEN,
      expiresAt: LATER,
      by: as(by),
      at: AT,
    }) as const;
  given(...people)
    .when(invite('viewer', 'adam'))
    .thenFacts(invited('adam', 'viewer'));
  given(...people)
    .when(invite('owner', 'adam'))
    .thenRefused('FORBIDDEN');
  given(...people, narrowed('adam', 'viewer'))
    .when(invite('viewer', 'adam'))
    .thenRefused('FORBIDDEN');
  const revoke = (by: string) =>
    ({ type: 'revoke-invitation', id: invitationId, by: as(by), at: AT }) as const;
  given(...people, invited('olga', 'owner'))
    .when(revoke('adam'))
    .thenRefused('FORBIDDEN');
  given(...people, invited('olga', 'owner'))
    .when(revoke('olga'))
    .thenFacts(revoked);
  given(...people)
    .when(revoke('olga'))
    .thenRefused('NOT_FOUND');
});

test('a deleted organization has no open invitations', () => {
  given(...people, invited('adam', 'viewer'))
    .when({ type: 'delete-organization', at: AT })
    .thenFacts(revoked, {
      type: 'organization.deleted',
      data: { organization_id: acme, slug: 'acme', at: AT },
    });
});

test.run();
