// SPDX-License-Identifier: Apache-2.0
import { deserialize } from '../documents.js';
import type { Found, Query } from '../port.js';
import { column, type Table } from './collections.js';
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
  const direction = query.descending ? 'DESC' : 'ASC';
  const fields = new Set([query.orderBy ?? 'id', 'id']);
  const order = [...fields].map((field) => `${column(field)} ${direction}`).join(', ');
  const rows = db.all(
    `SELECT doc FROM ${table.name} ${filter} ORDER BY ${order} LIMIT ? OFFSET ?`,
    ...params,
    query.limit ?? -1,
    query.offset ?? 0,
  );
  const items = rows.map((row) => deserialize(String(row.doc)));
  if (query.count === false) {
    return { items, total: 0 };
  }
  const total = counts.get(table.name, JSON.stringify([filter, params]), () =>
    Number(db.get(`SELECT count(*) AS n FROM ${table.name} ${filter}`, ...params)?.n ?? 0),
  );
  return { items, total };
}
