// SPDX-License-Identifier: Apache-2.0
/**
 * The read store in one SQLite file. Its calls run on the caller's thread: a commit of 1,000 documents takes some ten
 * milliseconds. Imported where it is needed, so that a process with another store never loads the library.
 */
import { type Clock, invariant } from '../../kernel/index.js';
import { checkCommit, checkQuery, deserialize, hashDocuments, serialize } from '../documents.js';
import { StoreUnusable } from '../errors.js';
import type { Commit, CommitResult, Op, ReadStore } from '../port.js';
import { sqliteCollections } from './collections.js';
import { freshCounts, rememberedCounts } from './counts.js';
import type { Row } from './database.js';
import { findInTable } from './find.js';
import { sqliteLeases } from './leases.js';
import { openFile, removeSqliteStore, type SqliteFile } from './open.js';
import { type Hold, writesOf } from './writes.js';

export { removeSqliteStore } from './open.js';

export interface SqliteReadStoreOptions extends SqliteFile {
  readonly clock: Clock;
  /** `replace` starts empty where the file is damaged or newer; a file that is not ours is never touched. */
  readonly ifUnusable?: 'refuse' | 'replace';
  /** Commits may wait so long for the file, to go in together; not for a file that is durable or shared. */
  readonly hold?: Hold;
}

/** Errors: `StoreUnusable` with the reason. */
export function sqliteReadStore(options: SqliteReadStoreOptions): ReadStore {
  try {
    return open(options);
  } catch (error) {
    const replaceable = error instanceof StoreUnusable && ['damaged', 'newer'].includes(error.why);
    if (!replaceable || options.ifUnusable !== 'replace' || options.durable) {
      throw error;
    }
    removeSqliteStore(options.path);
    return open(options);
  }
}

function open(options: SqliteReadStoreOptions): ReadStore {
  invariant(
    !options.hold || !(options.durable || options.shared),
    'what is held is neither durable nor shared',
  );
  const db = openFile(options);
  const collections = sqliteCollections(db, options.shared ?? false);
  const leases = sqliteLeases(db, options.clock);
  const counts = options.shared ? freshCounts : rememberedCounts();
  // Asked at every read; where the file is ours alone, nobody else moves one.
  const pointers = new Map<string, number>();

  /** Projections that this process has committed for; and those that are to begin anew. */
  const committed = new Set<string>();
  const setBack = new Set<string>();
  const undone = (lost: boolean): void => {
    if (lost) {
      for (const projection of committed) {
        setBack.add(projection);
      }
    }
    collections.forget();
    counts.forget();
    pointers.clear();
  };
  const writes = writesOf(db, undone, options.hold);

  function apply(ops: readonly Op[]): void {
    for (const op of ops) {
      const table = collections.table(op.collection).name;
      counts.written(table);
      if (op.kind === 'put') {
        db.run(
          `INSERT INTO ${table} (id, doc) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET doc = excluded.doc`,
          op.doc.id,
          serialize(op.doc),
        );
      } else {
        db.run(`DELETE FROM ${table} WHERE id = ?`, op.id);
      }
    }
  }

  function checkpointOf(projection: string): bigint {
    const row = db.get('SELECT position FROM checkpoints WHERE projection = ?', projection);
    return BigInt(row?.position ?? 0);
  }

  function commit({ projection, from, to, ops, epoch }: Commit): CommitResult {
    const at = checkpointOf(projection);
    if (leases.epoch(projection) !== epoch) {
      return { ok: false, why: 'fenced', at };
    }
    if (at !== from) {
      return { ok: false, why: 'moved', at };
    }
    apply(ops);
    committed.add(projection);
    db.run('INSERT OR REPLACE INTO checkpoints VALUES (?, ?)', projection, String(to));
    return { ok: true };
  }

  /** Frames of the write-ahead log hold what was replaced: a durable store leaves none behind. */
  function wipe(): void {
    if (options.durable) {
      db.all('PRAGMA wal_checkpoint(TRUNCATE)');
    }
  }

  return {
    define: async (specs) =>
      writes.now(() => {
        for (const spec of specs) {
          collections.define(spec);
        }
      }),
    get: async (collection, id) => {
      const row = db.get(`SELECT doc FROM ${collections.table(collection).name} WHERE id = ?`, id);
      return row && deserialize(String(row.doc));
    },
    getMany: async (collection, ids) => {
      const table = collections.table(collection).name;
      const rows = db.all(
        `SELECT doc FROM ${table} WHERE id IN (SELECT value FROM json_each(?))`,
        JSON.stringify(ids),
      );
      const docs = rows.map((row) => deserialize(String(row.doc)));
      return new Map(docs.map((doc) => [doc.id, doc]));
    },
    find: async (collection, query = {}) => {
      const table = collections.table(collection);
      checkQuery(collection, table.indexes, query);
      return findInTable(db, counts, table, query);
    },
    commit: async (one) => {
      checkCommit(one);
      return writes.held(() => commit(one));
    },
    write: async (ops) => {
      writes.now(() => apply(ops));
      wipe();
    },
    take: async (collection, id) => {
      const table = collections.table(collection).name;
      counts.written(table);
      const row = writes.now(() => db.get(`DELETE FROM ${table} WHERE id = ? RETURNING doc`, id));
      wipe();
      return row && deserialize(String(row.doc));
    },
    checkpoint: async (projection) => checkpointOf(projection),
    pointer: async (projection) => {
      const known = options.shared ? undefined : pointers.get(projection);
      if (known !== undefined) {
        return known;
      }
      const row = db.get('SELECT version FROM pointers WHERE projection = ?', projection);
      const version = Number(row?.version ?? 0);
      pointers.set(projection, version);
      return version;
    },
    setPointer: async (projection, version) => {
      invariant(Number.isSafeInteger(version) && version > 0, 'a version counts from 1');
      writes.now(() =>
        db.run(
          `INSERT INTO pointers VALUES (?, ?)
           ON CONFLICT (projection) DO UPDATE SET version = max(version, excluded.version)`,
          projection,
          version,
        ),
      );
      pointers.delete(projection);
    },
    drop: async (projection) =>
      writes.now(() => {
        collections.drop(`${projection}/`);
        counts.forget();
        db.run('DELETE FROM checkpoints WHERE projection = ?', projection);
      }),
    acquireLease: async (name, owner, ttlMs) =>
      // Whoever was told of a commit that the file then did not take goes on from where the file is.
      setBack.delete(name) ? undefined : writes.now(() => leases.acquire(name, owner, ttlMs)),
    releaseLease: async (lease) => writes.now(() => leases.release(lease)),
    hash: async (collection) => {
      const rows = db.iterate(`SELECT doc FROM ${collections.table(collection).name} ORDER BY id`);
      return hashDocuments(texts(rows));
    },
    close: async () => {
      try {
        writes.flush();
      } finally {
        db.close(true);
      }
    },
  };
}

function* texts(rows: Iterable<Row>): Iterable<string> {
  for (const row of rows) {
    yield String(row.doc);
  }
}
