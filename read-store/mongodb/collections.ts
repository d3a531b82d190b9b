// SPDX-License-Identifier: Apache-2.0
import { randomUUID } from 'node:crypto';
import { checkSpec, fieldsOf } from '../documents.js';
import { UnknownCollection } from '../errors.js';
import type { CollectionSpec } from '../port.js';
import type { Database, Registered } from './database.js';
import { DUPLICATE_KEY, hasCode, NAMESPACE_EXISTS } from './errors.js';

const projectionOf = (name: string): string => name.split('/', 1)[0] ?? name;
/** Readable, and safe whatever the name; unique by what follows it. */
const plain = (name: string): string => name.replace(/[^A-Za-z0-9_-]+/g, '_').slice(0, 60);
/** Where every collection of a projection's version begins. */
const family = (projection: string): string => `docs_${plain(projection)}.`;

export interface Collections {
  define(spec: CollectionSpec): Promise<void>;
  /** As it is now. Errors: `UnknownCollection`. */
  lookup(name: string): Promise<Registered>;
  /** Asks while checking that the collection is still the one known; `fields` are those that must be indexed. */
  reading<T>(
    name: string,
    fields: readonly string[],
    ask: (collection: Registered) => Promise<T>,
  ): Promise<T>;
  drop(projection: string): Promise<void>;
}

/** Key of an index: the fields in their order, then the id, so that equal values have an order too. */
const keyOf = (fields: readonly string[]): Record<string, 1> =>
  Object.fromEntries([...fields.map((field) => [`state.doc.${field}`, 1] as const), ['_id', 1] as const]);

export function mongoCollections({ db, registry }: Database): Collections {
  const known = new Map<string, Registered>();

  async function lookup(name: string): Promise<Registered> {
    const found = await registry.findOne({ _id: name });
    if (!found) {
      known.delete(name);
      throw new UnknownCollection(name);
    }
    known.set(name, found);
    return found;
  }

  async function register({ name }: CollectionSpec): Promise<Registered> {
    const projection = projectionOf(name);
    const suffix = `${plain(name.slice(projection.length + 1))}.${randomUUID().slice(0, 8)}`;
    const physical = `${family(projection)}${suffix}`;
    try {
      await registry.insertOne({ _id: name, projection, physical, indexes: [] });
    } catch (error) {
      if (!hasCode(error, DUPLICATE_KEY)) {
        throw error;
      }
    }
    return lookup(name);
  }

  async function create(physical: string): Promise<void> {
    try {
      await db.createCollection(physical);
    } catch (error) {
      if (!hasCode(error, NAMESPACE_EXISTS)) {
        throw error;
      }
    }
  }

  return {
    lookup,
    define: async (spec) => {
      checkSpec(spec);
      const before = (await registry.findOne({ _id: spec.name })) ?? (await register(spec));
      const missing = spec.indexes.filter((index) => !before.indexes.includes(index));
      await create(before.physical);
      if (missing.length > 0) {
        for (const fields of missing.map(fieldsOf)) {
          // One at a time, so that nothing rests on what a server makes of a list of which it has a part.
          await db.collection(before.physical).createIndex(keyOf(fields), { name: fields.join('-') });
        }
        // Only now, so that nobody asks by an index that is not there yet.
        await registry.updateOne({ _id: spec.name }, { $addToSet: { indexes: { $each: missing } } });
      }
      await lookup(spec.name);
    },
    reading: async (name, fields, ask) => {
      const cached = known.get(name);
      const indexed = cached?.indexes.flatMap(fieldsOf);
      if (!cached || fields.some((field) => field !== 'id' && !indexed?.includes(field))) {
        return ask(await lookup(name));
      }
      const [now, answer] = await Promise.all([lookup(name), ask(cached)]);
      return now.physical === cached.physical ? answer : ask(now);
    },
    drop: async (projection) => {
      await registry.deleteMany({ projection });
      known.clear();
      // Those that a writer made again after an earlier drop go too; a family's name may be another projection's.
      const kept = new Set((await registry.find({}).toArray()).map((one) => one.physical));
      const names = (await db.listCollections({}, { nameOnly: true }).toArray()).map((one) => one.name);
      for (const name of names.filter((one) => one.startsWith(family(projection)) && !kept.has(one))) {
        await db.dropCollection(name);
      }
    },
  };
}
