// SPDX-License-Identifier: Apache-2.0
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { uuidv5 } from '../../kernel/index.js';
import { type DirectoryQuery, type Person, roster, SORTS } from './query.js';

const day = (n: number): string => new Date(Date.UTC(2026, 0, 1 + n)).toISOString();
const person = (n: number, full_name: string | null = null, username = `user${n}`): Person => ({
  user: {
    id: uuidv5('user', n),
    username,
    email: `${username}@example.com`,
    full_name,
    is_active: true,
    is_admin: false,
    created_at: day(n % 7),
    updated_at: day(n),
  },
  revision: 0n,
});
const ask = (query: Partial<DirectoryQuery> = {}): DirectoryQuery => ({
  sort: 'username',
  descending: false,
  offset: 0,
  limit: 1000,
  ...query,
});

test('whoever comes, changes and goes stands where they would if all were sorted anew', () => {
  const [kept, names] = [roster(), ['Zoë', 'adam', null, 'Émile', 'adam']];
  // All orders are there before anybody is.
  for (const sort of SORTS) {
    kept.find(ask({ sort }));
  }
  const expected = new Map<number, Person>();
  for (let n = 0; n < 300; n += 1) {
    const one = (n * 31) % 97;
    if (n % 4 === 3) {
      kept.remove(uuidv5('user', one));
      expected.delete(one);
    } else {
      const next = person(one, names[n % names.length] ?? null, n % 5 === 0 ? `renamed${n}` : `user${one}`);
      kept.put(next);
      expected.set(one, next);
    }
  }
  const anew = roster();
  for (const one of expected.values()) {
    anew.put(one);
  }
  for (const sort of SORTS) {
    const [is, should] = [kept.find(ask({ sort })), anew.find(ask({ sort }))];
    assert.is(is.total, expected.size);
    assert.equal(is, should, sort);
    const down = kept.find(ask({ sort, descending: true }));
    assert.equal(down.items, is.items.toReversed(), sort);
  }
});

test('pages cut what was found, from either end; beyond the last there is nothing', () => {
  const all = roster();
  for (let n = 0; n < 7; n += 1) {
    all.put(person(n, n % 2 === 0 ? 'Even' : 'Odd'));
  }
  const names = (query: Partial<DirectoryQuery>): string[] =>
    all.find(ask(query)).items.map(({ user }) => user.username);
  assert.equal(names({ offset: 2, limit: 2 }), ['user2', 'user3']);
  assert.equal(names({ offset: 2, limit: 2, descending: true }), ['user4', 'user3']);
  assert.equal(names({ offset: 6, limit: 2, descending: true }), ['user0']);
  assert.equal(names({ offset: 8, limit: 2, descending: true }), []);
  assert.equal(names({ search: ' eVEN ', offset: 1, limit: 2, descending: true }), ['user4', 'user2']);
  assert.is(all.find(ask({ search: 'odd', limit: 1 })).total, 3);
});

test.run();
