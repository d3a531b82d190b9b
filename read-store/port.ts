// SPDX-License-Identifier: Apache-2.0
/**
 * The read store: documents that can be thrown away and made again from the log, with their checkpoints and leases.
 *
 * What every adapter promises, and the suite in `contract/` proves:
 *  1. `commit` writes documents and checkpoint together or not at all. It writes only if the projection's checkpoint is
 *     the one stated in `from` and the lease's epoch is the newest: a paused owner that wakes up writes nothing.
 *     It says why it did not: `moved` (another checkpoint) or `fenced` (a newer epoch).
 *  2. A collection belongs to one version of one projection (`<projection>.v<n>/<name>`, made by `collectionName`).
 *     Readers ask for `live(projection)` and see the version that the pointer names; a rebuild fills the next version
 *     beside it and then moves the pointer.
 *  3. `find` filters by equality on fields of declared indexes, orders by one of them or by `id`, and counts.
 *     Text is ordered by code point; equal values by `id`; a missing field comes first. `from` and `to` bound the field
 *     that it is ordered by; what lacks the field is then left out.
 *  4. A lease is held by one owner until it expires by the store's reckoning; each new holder gets a higher epoch.
 *  5. What it gives is the caller's own copy. Asking for a collection that is not there (dropped meanwhile, too) is
 *     `UnknownCollection`; what may work when asked again is `StoreUnavailable`; what will not is `StoreUnusable`.
 */
import type { Position } from '../kernel/index.js';

/** JSON object with its id. Numbers in it must be safe integers or finite doubles; positions are decimal strings. */
export interface Doc {
  readonly id: string;
  readonly [field: string]: unknown;
}

export type Op =
  | { readonly kind: 'put'; readonly collection: string; readonly doc: Doc }
  | { readonly kind: 'delete'; readonly collection: string; readonly id: string };

export interface CollectionSpec {
  readonly name: string;
  /**
   * What `find` may filter and order by: `workspace_id`, or `workspace_id,name` where the second is asked for within the
   * first. Top-level fields of the documents (strings, numbers or booleans; snake case); the id follows by itself.
   * Every index is paid for at every write: only what is asked for.
   */
  readonly indexes: readonly string[];
}

export interface Commit {
  /** Name with version, such as `virtual-hosts.v1`. */
  readonly projection: string;
  /** The checkpoint that these operations start from. */
  readonly from: Position;
  /** The checkpoint after them. */
  readonly to: Position;
  readonly ops: readonly Op[];
  /** Epoch of the lease that the writer holds. */
  readonly epoch: number;
}

export type CommitResult =
  | { readonly ok: true }
  | { readonly ok: false; readonly why: 'moved' | 'fenced'; readonly at: Position };

export interface Query {
  /** Equality on indexed fields. */
  readonly where?: Readonly<Record<string, string | number | boolean>>;
  readonly orderBy?: string;
  readonly descending?: boolean;
  /** The least and the greatest value of the field that it is ordered by, both inclusive and of the field's own type. */
  readonly from?: string | number;
  readonly to?: string | number;
  readonly offset?: number;
  readonly limit?: number;
  /** False: do not count, `total` is 0. Counting reads every match, however few are wanted. */
  readonly count?: boolean;
}

export interface Found {
  readonly items: readonly Doc[];
  /** How many documents match, whatever `offset` and `limit`. */
  readonly total: number;
}

export interface Lease {
  readonly name: string;
  readonly owner: string;
  readonly epoch: number;
}

export interface ReadStore {
  /** Makes collections and their indexes where they are missing. */
  define(collections: readonly CollectionSpec[]): Promise<void>;
  get(collection: string, id: string): Promise<Doc | undefined>;
  getMany(collection: string, ids: readonly string[]): Promise<ReadonlyMap<string, Doc>>;
  find(collection: string, query?: Query): Promise<Found>;
  commit(commit: Commit): Promise<CommitResult>;
  /** Writes outside projections: telemetry and vault records. The last write wins. */
  write(ops: readonly Op[]): Promise<void>;
  /**
   * Removes a document and gives it: of all who ask for it at once, in any process, one gets it. For documents outside
   * projections that are written once.
   */
  take(collection: string, id: string): Promise<Doc | undefined>;
  checkpoint(projection: string): Promise<Position>;
  /** Version that readers of this projection see; 0 when there is none yet. */
  pointer(projection: string): Promise<number>;
  /** Moves forward only: naming an older version changes nothing. */
  setPointer(projection: string, version: number): Promise<void>;
  /** Removes every collection of a projection version (`virtual-hosts.v1`) and its checkpoint. */
  drop(projection: string): Promise<void>;
  /** Undefined when another owner holds it. Taking one's own lease again renews it and keeps the epoch. */
  acquireLease(name: string, owner: string, ttlMs: number): Promise<Lease | undefined>;
  releaseLease(lease: Lease): Promise<void>;
  /** SHA-256 over the canonical JSON of the documents in order of their ids. */
  hash(collection: string): Promise<string>;
  close(): Promise<void>;
}

/** `collectionName('virtual-hosts', 1, 'by_id')` → `virtual-hosts.v1/by_id`. */
export const collectionName = (projection: string, version: number, name: string): string =>
  `${projection}.v${version}/${name}`;
