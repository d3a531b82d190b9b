// SPDX-License-Identifier: Apache-2.0
import type { User } from '../../schemas/index.js';

/** A user with the revision of its newest event. */
export interface Person {
  readonly user: User;
  readonly revision: bigint;
}

export const SORTS = ['username', 'email', 'full_name', 'created_at', 'updated_at'] as const;
type Sort = (typeof SORTS)[number];

export interface DirectoryQuery {
  /** A part of the user name, the address or the full name, however it is written. */
  readonly search?: string;
  readonly sort: Sort;
  readonly descending: boolean;
  readonly offset: number;
  readonly limit: number;
}

export interface Roster {
  get(userId: string): Person | undefined;
  put(person: Person): void;
  remove(userId: string): void;
  find(query: DirectoryQuery): { readonly items: readonly Person[]; readonly total: number };
}

/** A person with what is searched in. */
interface Listed {
  readonly person: Person;
  readonly text: string;
}

const folded = (text: string): string => text.normalize('NFC').toLowerCase();
const textOf = ({ user }: Person): string =>
  folded([user.username, user.email, user.full_name ?? ''].join('\n'));
const keyOf = ({ person }: Listed, sort: Sort): string => folded(person.user[sort] ?? '');
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/**
 * Users to be searched and sorted. An order is made when somebody asks for it first, and kept up from then on: to sort
 * a hundred thousand again for each page would hold up everybody else.
 */
export function roster(): Roster {
  const people = new Map<string, Listed>();
  const orders = new Map<Sort, Listed[]>();

  function orderBy(sort: Sort): readonly Listed[] {
    const known = orders.get(sort);
    if (known) {
      return known;
    }
    const keyed = [...people.values()].map((one) => ({ one, key: keyOf(one, sort) }));
    keyed.sort((a, b) => compare(a.key, b.key) || compare(a.one.person.user.id, b.one.person.user.id));
    const made = keyed.map(({ one }) => one);
    orders.set(sort, made);
    return made;
  }

  /** Where one stands in an order, or would stand. */
  function placeIn(order: readonly Listed[], sort: Sort, wanted: Listed): number {
    const [key, id] = [keyOf(wanted, sort), wanted.person.user.id];
    let [from, to] = [0, order.length];
    while (from < to) {
      const middle = (from + to) >> 1;
      const one = order[middle] as Listed;
      if ((compare(keyOf(one, sort), key) || compare(one.person.user.id, id)) < 0) {
        from = middle + 1;
      } else {
        to = middle;
      }
    }
    return from;
  }

  function remove(userId: string): void {
    const known = people.get(userId);
    if (known && people.delete(userId)) {
      for (const [sort, order] of orders) {
        order.splice(placeIn(order, sort, known), 1);
      }
    }
  }

  return {
    get: (userId) => people.get(userId)?.person,
    put: (person) => {
      remove(person.user.id);
      const listed = { person, text: textOf(person) };
      people.set(person.user.id, listed);
      for (const [sort, order] of orders) {
        order.splice(placeIn(order, sort, listed), 0, listed);
      }
    },
    remove,
    find: ({ search = '', sort, descending, offset, limit }) => {
      const wanted = folded(search.trim());
      const order = orderBy(sort);
      const matching = wanted === '' ? order : order.filter(({ text }) => text.includes(wanted));
      const total = matching.length;
      const end = Math.max(0, total - offset);
      const page = descending
        ? matching.slice(Math.max(0, end - limit), end).toReversed()
        : matching.slice(offset, offset + limit);
      return { items: page.map(({ person }) => person), total };
    },
  };
}
