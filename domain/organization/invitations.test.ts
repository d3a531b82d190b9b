// SPDX-License-Identifier: Apache-2.0
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { OrganizationFact, Role } from '../../schemas/index.js';
import { spec } from '../given.harness.js';
import { organization } from './index.js';
import {
  AT,
  acme,
  as,
  change,
  changed,
  id,
  invitationId,
  invited,
  LATER,
  member,
  narrow,
  narrowed,
  people,
  revoked,
  shop,
  TOKEN,
} from './organization.fixture.js';

const given = spec(organization);

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

test('so many invitations are open at once, and those that have expired are not counted', () => {
  const open = (count: number): OrganizationFact[] =>
    Array.from({ length: count }, (_, n) => {
      const one = invited('adam', 'viewer') as Extract<OrganizationFact, { type: 'invitation.created' }>;
      return { ...one, data: { ...one.data, invitation: { ...one.data.invitation, id: id(`open ${n}`) } } };
    });
  const invite = (at: string) =>
    ({
      type: 'invite',
      id: invitationId,
      role: 'viewer',
      hasAddress: false,
      tokenSha256: TOKEN,
      expiresAt: '2999-01-01T00:00:00.000Z',
      by: as('adam'),
      at,
    }) as const;
  assert.is(
    given(...people, ...open(999))
      .when(invite(AT))
      .facts().length,
    1,
  );
  given(...people, ...open(1000))
    .when(invite(AT))
    .thenRefused('CONFLICT');
  assert.is(
    given(...people, ...open(1000))
      .when(invite(LATER))
      .facts().length,
    1001,
  );
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
