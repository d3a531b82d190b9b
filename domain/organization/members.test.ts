// SPDX-License-Identifier: Apache-2.0
import { test } from 'uvu';
import type { OrganizationFact } from '../../schemas/index.js';
import { spec } from '../given.harness.js';
import { organization } from './index.js';
import {
  AT,
  acme,
  add,
  change,
  changed,
  cleared,
  created,
  id,
  invited,
  member,
  narrow,
  narrowed,
  people,
  remove,
  removed,
  revoked,
  shop,
} from './organization.fixture.js';

const given = spec(organization);

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
    .when(narrow('eve', 'editor', 'olga'))
    .thenFacts({
      type: 'workspace_role.set',
      data: { workspace_id: shop, user_id: id('eve'), role: 'editor', at: AT },
    });
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

test.run();
