// SPDX-License-Identifier: Apache-2.0
import { errorMessage, invariant } from '../kernel/index.js';
import { collectionName, type Doc, type Op, type ReadStore } from '../read-store/index.js';
import type { StoredEvent } from '../schemas/index.js';
import { type Key, type Load, PARKED, type Projection, versionName } from './projection.js';

export interface Folded {
  /** One operation a document, on the collections of this version. */
  readonly ops: readonly Op[];
  readonly parked: number;
  /** The event that stopped the fold; what stands before it is in `ops`. */
  readonly poison?: { readonly event: StoredEvent; readonly error: unknown };
}

/** Documents by collection and id; `null`: not there. */
type Docs = Map<string, Map<string, Doc | null>>;

const at = (docs: Docs, collection: string, id: string): Doc | null | undefined =>
  docs.get(collection)?.get(id);

function set(docs: Docs, collection: string, id: string, doc: Doc | null): void {
  const known = docs.get(collection);
  if (known) {
    known.set(id, doc);
  } else {
    docs.set(collection, new Map([[id, doc]]));
  }
}

/** The keys an event names; none of one so broken that even that fails, which folding it will show. */
function keysOf(
  read: ((event: StoredEvent) => readonly Key[]) | undefined,
  event: StoredEvent,
): readonly Key[] {
  try {
    return read?.(event) ?? [];
  } catch {
    return [];
  }
}

/** Folds a batch of events; the store is read once a collection, whatever the batch's size. */
export async function foldBatch(
  store: ReadStore,
  projection: Projection,
  events: readonly StoredEvent[],
): Promise<Folded> {
  const physical = (name: string): string => collectionName(projection.name, projection.version, name);
  const own = new Set(projection.collections.map((one) => one.name));
  const loaded: Docs = new Map();
  const written: Docs = new Map();
  let parked = 0;

  async function fetch(keys: readonly Key[]): Promise<void> {
    for (const name of new Set(keys.map((key) => key.collection))) {
      const ids = [...new Set(keys.filter((key) => key.collection === name).map((key) => key.id))];
      const found = await store.getMany(physical(name), ids);
      for (const id of ids) {
        set(loaded, name, id, found.get(id) ?? null);
      }
    }
  }

  const load: Load = (collection, id) => {
    const changed = at(written, collection, id);
    const doc = changed === undefined ? at(loaded, collection, id) : changed;
    invariant(doc !== undefined, `${projection.name} loads ${collection} ${id} without naming it in reads`);
    return doc ?? undefined;
  };

  async function park(event: StoredEvent, error: unknown): Promise<void> {
    parked += 1;
    const { id, type, stream, position } = event;
    const message = errorMessage(error).slice(0, 500);
    const record = { id, projection: versionName(projection), type, stream, position: `${position}` };
    set(written, PARKED, id, { ...record, error: message });
    const keys = keysOf(projection.keys, event);
    await fetch(keys.filter((key) => at(loaded, key.collection, key.id) === undefined));
    for (const { collection, id: docId } of keys) {
      const doc = load(collection, docId);
      if (doc) {
        set(written, collection, docId, { ...doc, _stale: true });
      }
    }
  }

  const finish = (): readonly Op[] =>
    [...written].flatMap(([name, docs]) => {
      const collection = physical(name);
      return [...docs].map(
        ([id, doc]): Op => (doc ? { kind: 'put', collection, doc } : { kind: 'delete', collection, id }),
      );
    });

  if (projection.reads) {
    await fetch(events.flatMap((event) => keysOf(projection.reads, event)));
  }
  for (const event of events) {
    try {
      const ops = projection.project(event, load);
      invariant(
        ops.every((op) => own.has(op.collection)),
        `${projection.name} writes its own collections`,
      );
      for (const op of ops) {
        set(written, op.collection, op.kind === 'put' ? op.doc.id : op.id, op.kind === 'put' ? op.doc : null);
      }
    } catch (error) {
      if (projection.onPoison === 'stop') {
        return { ops: finish(), parked, poison: { event, error } };
      }
      await park(event, error);
    }
  }
  return { ops: finish(), parked };
}
