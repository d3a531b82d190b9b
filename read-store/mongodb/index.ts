// SPDX-License-Identifier: Apache-2.0
/**
 * The read store in a database of MongoDB. Imported where it is needed, so that a process with another store never
 * loads the driver.
 *
 * What a deployment guarantees, found out at start:
 *  - A replica set or a sharded cluster: documents and checkpoint move in one transaction, acknowledged by a majority
 *    and on its disks. Readers see all of a commit or none of it.
 *  - A server alone has no transactions. A commit first stores what it is going to write (an intent), then decides by
 *    one write on the projection's control document, which asks for epoch and checkpoint, and then writes the documents
 *    and moves the checkpoint. Interrupted before the decision, nothing has happened; after it, the next owner or the next
 *    commit finishes the work. Each document says which position it stands for and is never taken back to an earlier
 *    one, so that a late writer changes nothing. Readers may see a part of a commit while it is being written, and
 *    after a crash until the next owner comes. `write` of several documents may be interrupted between them.
 *  - Every deployment: lease, epoch and checkpoint are one document, so that a commit and a new owner exclude each other.
 *
 * An answer can be lost on its way: after `StoreUnavailable` a commit may have happened. Asking again is safe: it says
 * `moved`.
 */
import { createHash } from 'node:crypto';
import { canonicalJson, invariant } from '../../kernel/index.js';
import { checkQuery } from '../documents.js';
import type { Doc, ReadStore } from '../port.js';
import { changesOf, writeAll } from './changes.js';
import { mongoCollections } from './collections.js';
import { mongoCommits } from './commits.js';
import type { Database } from './database.js';
import { translate } from './errors.js';
import { findDocs } from './find.js';
import { mongoLeases } from './leases.js';
import { openDatabase } from './open.js';
import type { MongoSettings } from './settings.js';
import { decode } from './values.js';

export type { MongoSettings } from './settings.js';

/** How many documents are asked for at once. */
const MANY = 1_000;

/** Errors: `StoreUnusable` with the reason; `StoreUnavailable` when the server does not answer in time. */
export async function mongoReadStore(settings: MongoSettings): Promise<ReadStore> {
  return storeOn(await openDatabase(settings));
}

function storeOn(database: Database): ReadStore {
  const { client, control, pointers, where } = database;
  const collections = mongoCollections(database);
  const commits = mongoCommits(database, collections);
  const leases = mongoLeases(database, commits);

  async function named<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw translate(where, error);
    }
  }
  const bounded = <T>(work: () => Promise<T>): Promise<T> => named(() => database.deadline(work()));

  async function getMany(physical: string, ids: readonly string[]): Promise<ReadonlyMap<string, Doc>> {
    const found = new Map<string, Doc>();
    for (let from = 0; from < ids.length; from += MANY) {
      const filter = { _id: { $in: ids.slice(from, from + MANY) } };
      for await (const {
        _id,
        state: { doc },
      } of database.docs(physical).find(filter)) {
        if (doc) {
          found.set(_id, decode(doc));
        }
      }
    }
    return found;
  }

  async function hash(physical: string): Promise<string> {
    const sum = createHash('sha256');
    for await (const {
      state: { doc },
    } of database.docs(physical).find().sort({ _id: 1 })) {
      if (doc) {
        sum.update(canonicalJson(decode(doc))).update('\n');
      }
    }
    return sum.digest('hex');
  }

  return {
    // Indexes and hashes take as long as there are documents; each question within them has its bound.
    define: (specs) =>
      named(async () => {
        for (const spec of specs) {
          await collections.define(spec);
        }
      }),
    get: (collection, id) =>
      bounded(() =>
        collections.reading(collection, [], async ({ physical }) => {
          const doc = (await database.docs(physical).findOne({ _id: id }))?.state.doc;
          return doc && decode(doc);
        }),
      ),
    getMany: (collection, ids) =>
      bounded(() =>
        collections.reading(collection, [], ({ physical }) => getMany(physical, [...new Set(ids)])),
      ),
    find: (collection, query = {}) =>
      bounded(() => {
        const ordered = query.orderBy === undefined ? [] : [query.orderBy];
        const fields = [...Object.keys(query.where ?? {}), ...ordered];
        return collections.reading(collection, fields, async ({ physical, indexes }) => {
          checkQuery(collection, indexes, query);
          return findDocs(database, physical, query);
        });
      }),
    commit: (commit) => bounded(() => commits.commit(commit)),
    write: (ops) =>
      bounded(async () => {
        const changes = await changesOf(collections, ops);
        await (database.transactions && changes.length > 1
          ? client.withSession((session) =>
              session.withTransaction(() => writeAll(database, changes, '', session)),
            )
          : writeAll(database, changes, ''));
      }),
    checkpoint: (projection) =>
      bounded(async () => BigInt((await control.findOne({ _id: projection }))?.position ?? 0)),
    pointer: (projection) => bounded(async () => (await pointers.findOne({ _id: projection }))?.version ?? 0),
    setPointer: (projection, version) =>
      bounded(async () => {
        invariant(Number.isSafeInteger(version) && version > 0, 'a version counts from 1');
        await pointers.updateOne({ _id: projection }, { $max: { version } }, { upsert: true });
      }),
    drop: (projection) =>
      bounded(async () => {
        await collections.drop(projection);
        await commits.forget(projection);
      }),
    acquireLease: (name, owner, ttlMs) => bounded(() => leases.acquire(name, owner, ttlMs)),
    releaseLease: (lease) => bounded(() => leases.release(lease)),
    hash: (collection) => named(() => collections.reading(collection, [], ({ physical }) => hash(physical))),
    close: () => client.close(),
  };
}
