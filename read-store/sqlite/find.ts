// SPDX-License-Identifier: Apache-2.0
import { deserialize, indexFor } from '../documents.js';
import type { Found, Query } from '../port.js';
import { column, indexName, type Table } from './collections.js';
import type { Counts } from './counts.js';
import type { Database, Param } from './database.js';

/** Values are always bound; of the query only names of declared indexes reach the text (`checkQuery`). */
export function findInTable(db: Database, counts: Counts, table: Table, query: Query): Found {
  const where = Object.entries(query.where ?? {});
  const ordered = column(query.orderBy ?? 'id');
  const conditions = where.map(([field]) => `${column(field)} = ?`);
  const params: Param[] = where.map(([, value]) => (typeof value === 'boolean' ? Number(value) : value));
  for (const [bound, value] of [['>=', query.from] as const, ['<=', query.to] as const]) {
    if (value !== undefined) {
      conditions.push(`${ordered} ${bound} ?`);
      params.push(value);
    }
  }
  const filter = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
  // Named, as SQLite knows nothing of what is in them and would take a scope for as good as a request's id.
  const index = query.where?.['id'] === undefined ? indexFor(table.indexes, query) : undefined;
  const from = index === undefined ? table.name : `${table.name} INDEXED BY ${indexName(table, index)}`;
  const direction = query.descending ? 'DESC' : 'ASC';
  const fields = new Set([query.orderBy ?? 'id', 'id']);
  const order = [...fields].map((field) => `${column(field)} ${direction}`).join(', ');
  const rows = db.all(
    `SELECT doc FROM ${from} ${filter} ORDER BY ${order} LIMIT ? OFFSET ?`,
    ...params,
    query.limit ?? -1,
    query.offset ?? 0,
  );
  const items = rows.map((row) => deserialize(String(row.doc)));
  if (query.count === false) {
    return { items, total: 0 };
  }
  const total = counts.get(table.name, JSON.stringify([filter, params]), () =>
    Number(db.get(`SELECT count(*) AS n FROM ${from} ${filter}`, ...params)?.n ?? 0),
  );
  return { items, total };
}
