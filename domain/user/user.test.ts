// SPDX-License-Identifier: Apache-2.0
import { test } from 'uvu';
import type { UserFact } from '../../schemas/index.js';
import { spec } from '../given.harness.js';
import { email, user, username } from './index.js';

const at = '2026-02-01T10:00:00.000Z';
const [ann, bob] = ['0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b', '0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5c'];
const created: UserFact = { type: 'user.created', data: { user_id: ann, is_admin: false, at } };
const disabled: UserFact = { type: 'user.disabled', data: { user_id: ann, at } };
const erased: UserFact = { type: 'user.erased', data: { user_id: ann, at } };
const given = spec(user);
const update = { type: 'update-user', changed: [], at } as const;

test('a user is made once', () => {
  const command = { type: 'create-user', id: ann, isAdmin: false, at } as const;
  given().when(command).thenFacts(created);
  given(created).when(command).thenFacts();
  given(created, erased).when(command).thenRefused('CONFLICT');
});

test('only what is another than before becomes a fact', () => {
  given(created)
    .when({ ...update, isActive: true, isAdmin: false })
    .thenFacts();
  given(created)
    .when({ ...update, isActive: false })
    .thenFacts(disabled);
  given(created, disabled)
    .when({ ...update, isActive: false })
    .thenFacts();
  given(created, disabled)
    .when({ ...update, isActive: true })
    .thenFacts({ type: 'user.enabled', data: { user_id: ann, at } });
  given(created)
    .when({ ...update, isAdmin: true, changed: ['email'] })
    .thenFacts(
      { type: 'user.updated', data: { user_id: ann, changed: ['email'], at } },
      { type: 'user.administrator_set', data: { user_id: ann, is_admin: true, at } },
    );
});

test('each new password is a new version of the sessions', () => {
  const changed = (session_version: number): UserFact => ({
    type: 'user.password_changed',
    data: { user_id: ann, session_version, kept_session_id: null, at },
  });
  const command = { ...update, newPassword: { keptSessionId: null } };
  given(created).when(command).thenFacts(changed(2));
  given(created, changed(2)).when(command).thenFacts(changed(3));
});

test('who is not there or erased cannot be changed', () => {
  given().when(update).thenRefused('NOT_FOUND');
  given(created, erased).when(update).thenRefused('NOT_FOUND');
  given(created, erased).when({ type: 'erase-user', at }).thenRefused('NOT_FOUND');
  given(created).when({ type: 'erase-user', at }).thenFacts(erased);
});

for (const [field, decider] of [
  ['email', email],
  ['username', username],
] as const) {
  test(`${field}: one holder; only what is abandoned is taken over`, () => {
    // biome-ignore lint/suspicious/noExplicitAny: both have the same facts under their own names
    const held = spec(decider as any);
    const fact = (kind: string, user_id: string) => ({ type: `${field}.${kind}`, data: { user_id, at } });
    const reserve = (userId: string, more: object = {}) => ({ type: 'reserve', userId, at, ...more });
    held().when(reserve(ann)).thenFacts(fact('reserved', ann));
    held(fact('reserved', ann)).when(reserve(ann)).thenFacts();
    held(fact('reserved', ann)).when(reserve(bob)).thenRefused('CONFLICT', field);
    held(fact('reserved', ann))
      .when(reserve(bob, { abandoned: bob }))
      .thenRefused('CONFLICT', field);
    held(fact('reserved', ann))
      .when(reserve(bob, { abandoned: ann }))
      .thenFacts(fact('released', ann), fact('reserved', bob));
    held(fact('reserved', ann)).when({ type: 'release', userId: bob, at }).thenFacts();
    held(fact('reserved', ann), fact('released', ann)).when(reserve(bob)).thenFacts(fact('reserved', bob));
  });
}

test.run();
