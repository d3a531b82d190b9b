// SPDX-License-Identifier: Apache-2.0
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
import { decode } from './values.js';

/** How many documents are asked for at once. */
const MANY = 1_000;

/** The port on an open database. */
export function storeOn(database: Database): ReadStore {
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
    take: (collection, id) =>
      bounded(() =>
        collections.reading(collection, [], async ({ physical }) => {
          const docs = database.docs(physical);
          const doc = (await docs.findOne({ _id: id }))?.state.doc;
          // Whoever deletes it has taken it; the others have only seen it.
          return doc && (await docs.deleteOne({ _id: id })).deletedCount === 1 ? decode(doc) : undefined;
        }),
      ),
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
