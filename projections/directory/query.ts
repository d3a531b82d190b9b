// SPDX-License-Identifier: Apache-2.0
import type { User } from '../../schemas/index.js';

/** A user with the revision of its newest event. */
export interface Person {
  readonly user: User;
  readonly revision: bigint;
}

export const SORTS = ['username', 'email', 'full_name', 'created_at', 'updated_at'] as const;

export interface DirectoryQuery {
  /** A part of the user name, the address or the full name, however it is written. */
  readonly search?: string;
  readonly sort: (typeof SORTS)[number];
  readonly descending: boolean;
  readonly offset: number;
  readonly limit: number;
}

const folded = (text: string): string => text.normalize('NFC').toLowerCase();

export function found(people: readonly Person[], query: DirectoryQuery) {
  const { search = '', sort, descending, offset, limit } = query;
  const wanted = folded(search.trim());
  const matching = people.filter(({ user }) =>
    [user.username, user.email, user.full_name ?? ''].some((text) => folded(text).includes(wanted)),
  );
  const sign = descending ? -1 : 1;
  const key = ({ user }: Person): string => folded(user[sort] ?? '');
  const keyed = matching.map((person) => ({ person, key: key(person) }));
  keyed.sort((a, b) => sign * compare(a.key, b.key) || compare(a.person.user.id, b.person.user.id));
  return { items: keyed.slice(offset, offset + limit).map(({ person }) => person), total: matching.length };
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
