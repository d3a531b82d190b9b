// SPDX-License-Identifier: Apache-2.0
import type { Clock, Position } from '../../kernel/index.js';
import { checkCommit, checkQuery, checkSpec, deserialize, hashDocuments, serialize } from '../documents.js';
import { UnknownCollection } from '../errors.js';
import type { Op, ReadStore } from '../port.js';
import { type Collection, findIn, sortedTexts } from './collection.js';

interface HeldLease {
  owner: string;
  epoch: number;
  /** By the monotonic clock. */
  expires: number;
}

/** A read store that lives as long as its process: for tests and benchmarks. */
export function memoryReadStore(deps: { clock: Clock }): ReadStore {
  const collections = new Map<string, Collection>();
  const checkpoints = new Map<string, Position>();
  const pointers = new Map<string, number>();
  const leases = new Map<string, HeldLease>();

  const collection = (name: string): Collection => {
    const found = collections.get(name);
    if (!found) {
      throw new UnknownCollection(name);
    }
    return found;
  };

  // Everything that can fail happens before the first change, so that a failing commit changes nothing.
  function apply(ops: readonly Op[]): void {
    const changes = ops.map((op) => {
      const { docs } = collection(op.collection);
      const text = op.kind === 'put' ? serialize(op.doc) : undefined;
      return { docs, id: op.kind === 'put' ? op.doc.id : op.id, text };
    });
    for (const { docs, id, text } of changes) {
      if (text === undefined) {
        docs.delete(id);
      } else {
        docs.set(id, text);
      }
    }
  }

  const checkpointOf = (projection: string): Position => checkpoints.get(projection) ?? 0n;

  return {
    define: async (specs) => {
      for (const spec of specs) {
        checkSpec(spec);
        const docs = collections.get(spec.name)?.docs ?? new Map<string, string>();
        collections.set(spec.name, { indexes: spec.indexes, docs });
      }
    },
    get: async (name, id) => {
      const text = collection(name).docs.get(id);
      return text === undefined ? undefined : deserialize(text);
    },
    getMany: async (name, ids) => {
      const { docs } = collection(name);
      const found = ids.flatMap((id) => docs.get(id) ?? []).map(deserialize);
      return new Map(found.map((doc) => [doc.id, doc]));
    },
    find: async (name, query = {}) => {
      const within = collection(name);
      checkQuery(name, within.indexes, query);
      return findIn(within, query);
    },
    commit: async (commit) => {
      checkCommit(commit);
      const at = checkpointOf(commit.projection);
      if (leases.get(commit.projection)?.epoch !== commit.epoch) {
        return { ok: false, why: 'fenced', at };
      }
      if (at !== commit.from) {
        return { ok: false, why: 'moved', at };
      }
      apply(commit.ops);
      checkpoints.set(commit.projection, commit.to);
      return { ok: true };
    },
    write: async (ops) => apply(ops),
    take: async (name, id) => {
      const { docs } = collection(name);
      const text = docs.get(id);
      docs.delete(id);
      return text === undefined ? undefined : deserialize(text);
    },
    checkpoint: async (projection) => checkpointOf(projection),
    pointer: async (projection) => pointers.get(projection) ?? 0,
    setPointer: async (projection, version) => {
      pointers.set(projection, Math.max(version, pointers.get(projection) ?? 0));
    },
    drop: async (projection) => {
      for (const name of [...collections.keys()].filter((one) => one.startsWith(`${projection}/`))) {
        collections.delete(name);
      }
      checkpoints.delete(projection);
    },
    acquireLease: async (name, owner, ttlMs) => {
      const now = deps.clock.monotonic();
      const held = leases.get(name);
      if (held && held.owner !== owner && held.expires > now) {
        return undefined;
      }
      const epoch = held?.owner === owner ? held.epoch : (held?.epoch ?? 0) + 1;
      leases.set(name, { owner, epoch, expires: now + ttlMs });
      return { name, owner, epoch };
    },
    releaseLease: async (lease) => {
      const held = leases.get(lease.name);
      if (held?.epoch === lease.epoch && held.owner === lease.owner) {
        held.expires = Number.NEGATIVE_INFINITY;
      }
    },
    hash: async (name) => hashDocuments(sortedTexts(collection(name))),
    close: async () => {},
  };
}
