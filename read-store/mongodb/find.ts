// SPDX-License-Identifier: Apache-2.0
import type { Document, Filter } from 'mongodb';
import type { Doc, Found, Query } from '../port.js';
import type { Database, StoredDoc } from './database.js';
import { decode } from './values.js';

/** Values stand behind `$eq`, so that an object in a string's place is compared and never run. */
function filterOf(query: Query): Filter<StoredDoc> {
  const where = Object.entries(query.where ?? {});
  // What was deleted without a transaction has no fields; it must be told apart only where no field is asked for.
  const nameOf = (field: string): string => (field === 'id' ? '_id' : `state.doc.${field}`);
  const conditions: readonly (readonly [string, Document])[] =
    where.length === 0
      ? [['state.doc', { $exists: true }]]
      : where.map(([field, value]) => [nameOf(field), { $eq: value }]);
  const bounds: Document[] = [
    ...(query.from === undefined ? [] : [{ $gte: query.from }]),
    ...(query.to === undefined ? [] : [{ $lte: query.to }]),
  ].map((bound) => ({ [nameOf(query.orderBy ?? 'id')]: bound }));
  const filter = Object.fromEntries(conditions);
  return (bounds.length === 0 ? filter : { $and: [filter, ...bounds] }) as Filter<StoredDoc>;
}

export async function findDocs(database: Database, physical: string, query: Query): Promise<Found> {
  const docs = database.docs(physical);
  const filter = filterOf(query);
  const direction = query.descending ? -1 : 1;
  const fields = query.orderBy === undefined || query.orderBy === 'id' ? [] : [`state.doc.${query.orderBy}`];
  const sort = Object.fromEntries([...fields, '_id'].map((field) => [field, direction] as const));
  const page = async (): Promise<readonly Doc[]> => {
    if (query.limit === 0) {
      // To the server 0 means no limit.
      return [];
    }
    const found = docs
      .find(filter, { projection: { 'state.doc': 1 } })
      .sort(sort)
      .skip(query.offset ?? 0);
    const stored = await (query.limit === undefined ? found : found.limit(query.limit)).toArray();
    return stored.flatMap(({ state: { doc } }) => (doc ? [decode(doc)] : []));
  };
  const [items, total] = await Promise.all([page(), query.count === false ? 0 : docs.countDocuments(filter)]);
  return { items, total };
}
