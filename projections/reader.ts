// SPDX-License-Identifier: Apache-2.0
import { unavailable } from '../kernel/index.js';
import {
  collectionName,
  type Doc,
  type Query,
  type ReadStore,
  UnknownCollection,
} from '../read-store/index.js';
import type { Models } from './models.js';
import type { Projection } from './projection.js';

type Name = keyof Models;

export interface Page<T> {
  readonly items: readonly T[];
  readonly total: number;
}

/** Read models by their logical names, in the version that is live. Errors: `SERVICE_UNAVAILABLE` until there is one. */
export interface Reader {
  get<N extends Name>(name: N, id: string): Promise<Models[N] | undefined>;
  getMany<N extends Name>(name: N, ids: readonly string[]): Promise<ReadonlyMap<string, Models[N]>>;
  find<N extends Name>(name: N, query?: Query): Promise<Page<Models[N]>>;
}

export function reader(store: ReadStore, projections: readonly Projection[]): Reader {
  const owners = new Map(projections.flatMap((one) => one.collections.map(({ name }) => [name, one.name])));

  /** The pointer is asked every time, so that a reader goes over to a new version with everybody else. */
  async function live<T>(name: Name, read: (collection: string) => Promise<T>, again = true): Promise<T> {
    const projection = owners.get(name) ?? name;
    const version = await store.pointer(projection);
    if (version === 0) {
      throw unavailable(`${name} are being read from the log`);
    }
    try {
      return await read(collectionName(projection, version, name));
    } catch (error) {
      // The pointer moved between the two reads, and the old version is gone.
      if (again && error instanceof UnknownCollection) {
        return live(name, read, false);
      }
      throw error;
    }
  }

  const typed = <N extends Name>(doc: Doc): Models[N] => doc as unknown as Models[N];

  return {
    get: async (name, id) => {
      const doc = await live(name, (collection) => store.get(collection, id));
      return doc && typed(doc);
    },
    getMany: async (name, ids) => {
      const docs = await live(name, (collection) => store.getMany(collection, ids));
      return new Map([...docs].map(([id, doc]) => [id, typed(doc)]));
    },
    find: async <N extends Name>(name: N, query?: Query) => {
      const { items, total } = await live(name, (collection) => store.find(collection, query));
      return { items: items.map((doc) => typed<N>(doc)), total };
    },
  };
}
