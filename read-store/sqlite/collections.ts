// SPDX-License-Identifier: Apache-2.0
import { invariant } from '../../kernel/index.js';
import { checkSpec, fieldsOf } from '../documents.js';
import { UnknownCollection } from '../errors.js';
import type { CollectionSpec } from '../port.js';
import type { Database } from './database.js';

/** Where a collection's documents are. Names of collections are values in a table; tables are called by number. */
export interface Table {
  readonly name: string;
  readonly indexes: readonly string[];
}

/** The column that SQLite computes from the document; `checkSpec` has let only plain names through. */
export const column = (field: string): string => (field === 'id' ? 'id' : `f_${field}`);

export interface Collections {
  define(spec: CollectionSpec): void;
  /** `UnknownCollection` when it is not there. */
  table(collection: string): Table;
  drop(prefix: string): void;
  /** After a rollback: what was remembered may not be so. */
  forget(): void;
}

/** Name of the index that is the n-th declared. */
export const indexName = (table: Table, index: string): string =>
  `${table.name}_${table.indexes.indexOf(index)}`;

function addColumn(db: Database, table: string, field: string): void {
  invariant(/^[a-z][a-z0-9_]*$/.test(field), `index field ${field}`);
  db.exec(
    `ALTER TABLE ${table} ADD COLUMN ${column(field)} GENERATED ALWAYS AS (doc ->> '$.${field}') VIRTUAL`,
  );
}

/** `shared`: another connection may drop a collection, so that nothing is remembered. */
export function sqliteCollections(db: Database, shared: boolean): Collections {
  const known = new Map<string, Table>();

  function find(name: string): Table | undefined {
    const cached = known.get(name);
    if (cached) {
      return cached;
    }
    const row = db.get('SELECT number, indexes FROM collections WHERE name = ?', name);
    if (!row) {
      return undefined;
    }
    const table = {
      name: `c${Number(row.number)}`,
      indexes: JSON.parse(String(row.indexes)) as string[],
    };
    if (!shared) {
      known.set(name, table);
    }
    return table;
  }

  return {
    define: (spec) => {
      checkSpec(spec);
      known.delete(spec.name);
      const before = find(spec.name);
      const missing = spec.indexes.filter((index) => !before?.indexes.includes(index));
      if (before && missing.length === 0) {
        return;
      }
      const indexes = [...(before?.indexes ?? []), ...missing];
      if (!before) {
        db.run('INSERT INTO collections (name, indexes) VALUES (?, ?)', spec.name, JSON.stringify(indexes));
      } else {
        db.run('UPDATE collections SET indexes = ? WHERE name = ?', JSON.stringify(indexes), spec.name);
      }
      known.delete(spec.name);
      const table = find(spec.name);
      invariant(table, 'a collection just defined');
      db.exec(`CREATE TABLE IF NOT EXISTS ${table.name} (id TEXT PRIMARY KEY NOT NULL, doc TEXT NOT NULL)`);
      const columns = new Set((before?.indexes ?? []).flatMap(fieldsOf));
      for (const field of new Set(missing.flatMap(fieldsOf))) {
        if (!columns.has(field)) {
          addColumn(db, table.name, field);
        }
      }
      for (const index of missing) {
        const names = [...fieldsOf(index), 'id'].map(column).join(', ');
        db.exec(`CREATE INDEX ${indexName(table, index)} ON ${table.name} (${names})`);
      }
    },
    table: (name) => {
      const table = find(name);
      if (!table) {
        throw new UnknownCollection(name);
      }
      return table;
    },
    drop: (prefix) => {
      const rows = db.all(
        'SELECT name, number FROM collections WHERE substr(name, 1, ?) = ?',
        prefix.length,
        prefix,
      );
      for (const row of rows) {
        db.exec(`DROP TABLE IF EXISTS c${Number(row.number)}`);
        db.run('DELETE FROM collections WHERE name = ?', String(row.name));
        known.delete(String(row.name));
      }
    },
    forget: () => known.clear(),
  };
}
