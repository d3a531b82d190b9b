// SPDX-License-Identifier: Apache-2.0
import { MongoServerSelectionError } from 'mongodb';
import { StoreUnavailable } from '../errors.js';
import type { ReadStore } from '../port.js';

/** No server was found in time: there is none, or the driver no longer looks for one. */
const foundNobody = (error: unknown): boolean =>
  error instanceof StoreUnavailable && error.cause instanceof MongoServerSelectionError;

/**
 * A store that is opened anew, with a client of its own, when a call has found no server. The driver (7.8) stops looking
 * for a server for ever when all connections are cut while its own is in use: what it writes to a socket that is just
 * closing never ends, and it makes no second attempt beside one that has not ended. Only a new client gets over that.
 *
 * Calls fail as before, and whoever asks again finds the new one. Where the server is really away no new one opens, and
 * the old one stays.
 */
export function renewing(first: ReadStore, open: () => Promise<ReadStore>): ReadStore {
  let current = first;
  let opening: Promise<void> | undefined;
  let closed = false;

  async function renew(): Promise<void> {
    const next = await open().catch(() => undefined);
    const old = closed ? next : current;
    if (next && !closed) {
      current = next;
    }
    if (next) {
      // What still waits on the old client fails with it, and may be asked again.
      await old?.close().catch(() => undefined);
    }
  }

  async function call<T>(ask: (store: ReadStore) => Promise<T>): Promise<T> {
    const asked = current;
    try {
      return await ask(asked);
    } catch (error) {
      if (foundNobody(error) && asked === current && !closed) {
        opening ??= renew().finally(() => {
          opening = undefined;
        });
      }
      throw error;
    }
  }

  return {
    define: (collections) => call((store) => store.define(collections)),
    get: (collection, id) => call((store) => store.get(collection, id)),
    getMany: (collection, ids) => call((store) => store.getMany(collection, ids)),
    find: (collection, query) => call((store) => store.find(collection, query)),
    commit: (commit) => call((store) => store.commit(commit)),
    write: (ops) => call((store) => store.write(ops)),
    take: (collection, id) => call((store) => store.take(collection, id)),
    checkpoint: (projection) => call((store) => store.checkpoint(projection)),
    pointer: (projection) => call((store) => store.pointer(projection)),
    setPointer: (projection, version) => call((store) => store.setPointer(projection, version)),
    drop: (projection) => call((store) => store.drop(projection)),
    acquireLease: (name, owner, ttlMs) => call((store) => store.acquireLease(name, owner, ttlMs)),
    releaseLease: (lease) => call((store) => store.releaseLease(lease)),
    hash: (collection) => call((store) => store.hash(collection)),
    close: async () => {
      closed = true;
      await opening;
      await current.close();
    },
  };
}
