// SPDX-License-Identifier: Apache-2.0
import type { EventLog } from '../event-log/index.js';
import { errorMessage, type Position } from '../kernel/index.js';
import { collectionName, type HeldLease, holdLease, type LeaseDeps } from '../read-store/index.js';
import type { StoredEvent } from '../schemas/index.js';
import { foldBatch } from './fold.js';

import type { Board } from './progress.js';
import { PARKED, type Projection, versionName } from './projection.js';

export interface SessionDeps extends LeaseDeps {
  readonly log: EventLog;
  readonly board: Board;
  /** How many events go into one commit. */
  readonly batchSize: number;
  /** A checkpoint that moved without documents is stored at most this often. */
  readonly saveEveryMs: number;
}

/**
 * `idle`: nothing to do here for now. `again`: the lease or the checkpoint went elsewhere, start over.
 * `poisoned`: an event stopped the projection.
 */
export type Ended = 'idle' | 'again' | 'poisoned';

/** Owns a projection from taking its lease to giving it back. Throws what the log and the store throw. */
export async function runSession(
  deps: SessionDeps,
  projection: Projection,
  signal: AbortSignal,
): Promise<Ended> {
  const { store, board } = deps;
  const name = versionName(projection);
  if ((await store.pointer(projection.name)) > projection.version) {
    board.update(name, { state: 'superseded', error: 'readers are on a newer version' });
    return 'idle';
  }
  const lease = await holdLease(deps, name);
  if (!lease) {
    board.update(name, { state: 'standby', position: await store.checkpoint(name) });
    return 'idle';
  }
  const ended = new AbortController();
  const end = (): void => ended.abort();
  signal.addEventListener('abort', end, { once: true });
  lease.lost.addEventListener('abort', end, { once: true });
  try {
    return signal.aborted ? 'again' : await follow(deps, projection, lease, ended.signal);
  } finally {
    signal.removeEventListener('abort', end);
    await lease.release();
  }
}

async function follow(
  deps: SessionDeps,
  projection: Projection,
  lease: HeldLease,
  signal: AbortSignal,
): Promise<Ended> {
  const { log, store, board, clock } = deps;
  const name = versionName(projection);
  const physical = (collection: string): string =>
    collectionName(projection.name, projection.version, collection);
  await store.define([
    ...projection.collections.map((spec) => ({ name: physical(spec.name), indexes: spec.indexes })),
    { name: physical(PARKED), indexes: [] },
  ]);

  let stored = await store.checkpoint(name);
  let position = stored;
  let savedAt = clock.monotonic();
  let parked = (await store.find(physical(PARKED), { limit: 0 })).total;
  let live = false;
  board.update(name, { state: 'catching-up', position, parked });

  /**
   * Documents and checkpoint of a batch that ends at `to`. Undefined: go on. `first`: all has been read for the first
   * time, which is stored in any case: where no event made a document, others would never see how far this is.
   */
  async function flush(
    events: readonly StoredEvent[],
    to: Position,
    first: boolean,
  ): Promise<Ended | undefined> {
    const folded = await foldBatch(store, projection, events);
    const { ops, poison } = folded;
    // A position that the log has given: stores differ in which others they would go on from.
    const before = poison && events[events.indexOf(poison.event) - 1];
    const reached = poison ? (before?.position ?? stored) : to;
    const due = first || clock.monotonic() - savedAt >= deps.saveEveryMs;
    if (reached > stored && (ops.length > 0 || due || poison)) {
      if (!lease.held()) {
        return 'again';
      }
      const result = await store.commit({
        projection: name,
        from: stored,
        to: reached,
        ops,
        epoch: lease.epoch,
      });
      if (!result.ok) {
        return 'again';
      }
      stored = reached;
      savedAt = clock.monotonic();
    }
    position = reached;
    parked += folded.parked;
    if (poison) {
      const where = `${poison.event.type} ${poison.event.id} at position ${poison.event.position}`;
      board.update(name, {
        state: 'stopped',
        position,
        parked,
        error: `${where}: ${errorMessage(poison.error)}`,
      });
      return 'poisoned';
    }
    board.update(name, { position, parked });
    return undefined;
  }

  /** Readers go over to this version; older ones are then nobody's. */
  async function goLive(): Promise<void> {
    live = true;
    await store.setPointer(projection.name, projection.version);
    for (let version = 1; version < projection.version; version++) {
      await store.drop(versionName({ name: projection.name, version }));
    }
    board.update(name, { state: 'live' });
  }

  let batch: StoredEvent[] = [];
  const take = async (to: Position, first = false): Promise<Ended | undefined> => {
    const events = batch;
    batch = [];
    return flush(events, to, first);
  };
  try {
    for await (const delivery of log.subscribe({
      after: stored,
      categories: projection.categories,
      ...(projection.types ? { types: projection.types } : {}),
      signal,
    })) {
      const full = delivery.kind === 'event' && batch.push(delivery.event) >= deps.batchSize;
      if (delivery.kind === 'event' && !full) {
        continue;
      }
      const outcome =
        delivery.kind === 'event'
          ? await take(delivery.event.position)
          : await take(delivery.position, !live);
      if (outcome) {
        return outcome;
      }
      if (full) {
        // A long catch-up lets timers and requests in between.
        await deps.timers.sleep(0);
      } else if (!live) {
        await goLive();
      }
    }
  } catch (error) {
    // An event that nobody here knows, say: what came before it is still to be seen.
    const last = batch.at(-1);
    if (last) {
      await take(last.position);
    }
    throw error;
  }
  if (position > stored && lease.held()) {
    await store.commit({ projection: name, from: stored, to: position, ops: [], epoch: lease.epoch });
  }
  return 'again';
}
