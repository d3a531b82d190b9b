// SPDX-License-Identifier: Apache-2.0
import { compareText, deserialize } from '../documents.js';
import type { Doc, Found, Query } from '../port.js';

/** Documents as JSON text by id, so that nobody outside shares an object with the store. */
export interface Collection {
  readonly indexes: readonly string[];
  readonly docs: Map<string, string>;
}

export function* sortedTexts(collection: Collection): Iterable<string> {
  for (const id of [...collection.docs.keys()].sort(compareText)) {
    yield collection.docs.get(id) ?? '';
  }
}

/** Missing before numbers and booleans before text. */
function compareValues(a: unknown, b: unknown): number {
  const rank = (value: unknown): number =>
    value === undefined || value === null ? 0 : typeof value === 'string' ? 2 : 1;
  if (typeof a === 'string' && typeof b === 'string') {
    return compareText(a, b);
  }
  return rank(a) - rank(b) || (rank(a) === 0 ? 0 : Number(a) - Number(b));
}

const inBounds = (value: unknown, { from, to }: Query): boolean =>
  (from === undefined || (typeof value === typeof from && compareValues(value, from) >= 0)) &&
  (to === undefined || (typeof value === typeof to && compareValues(value, to) <= 0));

export function findIn(collection: Collection, query: Query): Found {
  const where = Object.entries(query.where ?? {});
  const field = query.orderBy ?? 'id';
  const sign = query.descending ? -1 : 1;
  const matching: Doc[] = [...collection.docs.values()]
    .map(deserialize)
    .filter((doc) => where.every(([key, value]) => doc[key] === value) && inBounds(doc[field], query))
    .sort((a, b) => sign * (compareValues(a[field], b[field]) || compareText(a.id, b.id)));
  const from = query.offset ?? 0;
  return {
    items: matching.slice(from, query.limit === undefined ? undefined : from + query.limit),
    total: query.count === false ? 0 : matching.length,
  };
}
