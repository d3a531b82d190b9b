// SPDX-License-Identifier: Apache-2.0
import type { Category } from '../kernel/index.js';
import type { Doc, Op } from '../read-store/index.js';
import type { EventType, StoredEvent } from '../schemas/index.js';

/** A document by the name of its collection within the projection. */
export interface Key {
  readonly collection: string;
  readonly id: string;
}

/** The document as the events before this one left it. Only what `reads` named may be asked for. */
export type Load = (collection: string, id: string) => Doc | undefined;

/**
 * A read model: data and pure functions, folded by the runner. Documents are what the events say and nothing else: no
 * clock, no randomness, so that a replay from scratch gives the same ones.
 *
 * Fields that start with `_` are for the read side alone and never leave it: `_revision`, the revision of the
 * resource's stream that the document stands for (its ETag), and `_position`, where in the log that was.
 */
export interface Projection {
  readonly name: string;
  /** From 1; grows whenever the same events would give other documents. The new version is built beside the old one. */
  readonly version: number;
  readonly categories: readonly Category[];
  /** The types that it is for; every type of the categories when left out. */
  readonly types?: readonly EventType[];
  /** Names are unique among all projections: readers ask by them. */
  readonly collections: readonly { readonly name: string; readonly indexes: readonly string[] }[];
  /** On an event that cannot be projected: go no further, or put it aside and mark what it touches as stale. */
  readonly onPoison: 'stop' | 'park';
  /** The documents that an event is about. */
  readonly keys: (event: StoredEvent) => readonly Key[];
  /** The documents that `project` will load for an event; none when left out. */
  readonly reads?: (event: StoredEvent) => readonly Key[];
  /** Operations on this projection's own collections. */
  readonly project: (event: StoredEvent, load: Load) => readonly Op[];
}

/** `virtual-hosts.v1`: the projection's name in leases and checkpoints. */
export const versionName = (projection: { name: string; version: number }): string =>
  `${projection.name}.v${projection.version}`;

/** Where events are put aside, beside the projection's own collections. */
export const PARKED = 'parked';
