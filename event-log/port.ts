// SPDX-License-Identifier: Apache-2.0
/**
 * The event log: the truth of NxMesh. Everything else can be made again from it.
 *
 * What every adapter promises, and `contract.ts` proves:
 *  1. `append` resolves only when its events are durable. Events of one call are stored together or not at all.
 *  2. Revisions of a stream count from 0 without gaps; positions grow in the order in which readers see events.
 *  3. `expected` is always stated. Another head → `VersionConflict` with the actual one, and nothing is stored.
 *  4. The same events (same ids, same order) appended again with the same `expected` give the answer of the first
 *     time, also after a crash between the commit and the answer. An id that stands elsewhere in the log →
 *     `VersionConflict`; a call that mixes known and new ids is refused whole.
 *     A server that compares ids at the expected place only (EventStoreDB) notices one elsewhere as far as its adapter
 *     remembers; the command handler, which knows a stream's commands, does not count on more.
 *  5. `Unavailable` from `append` means that the outcome is not known: ask again with the same ids.
 *  6. `read` gives a stream's events in order; a stream that was never written is empty, not an error.
 *  7. `subscribe` gives every event after `after` once and in order, then `caught-up` in band with the position up
 *     to which nothing is missing (also over events that the filter left out), then goes on live. It ends when
 *     `signal` aborts (without an error) and when the consumer stops iterating. A slow consumer holds back only itself.
 *  8. Events are validated against their schema before they reach an adapter and brought to their newest version on
 *     the way out (`eventLog` in `log.ts`), so that no adapter and no reader can forget it. An unknown type, or a
 *     version newer than known, stops the reader with `UnknownEvent`: it is never skipped.
 */
import { type Category, Outage, type Position, type Revision } from '../kernel/index.js';
import type { EventType, NewEvent, StoredEvent } from '../schemas/index.js';

export type Expected = 'none' | Revision;

export interface Appended {
  /** Revision of the last appended event. */
  readonly revision: Revision;
  /** Position of the last appended event. */
  readonly position: Position;
}

export interface ReadOptions {
  /** First revision to read; 0 when left out. */
  readonly from?: Revision;
  /** Last revision to read, inclusive. */
  readonly to?: Revision;
  readonly limit?: number;
}

export interface SubscribeOptions {
  /** Exclusive: `0n`, the beginning, or a position that this log has given. */
  readonly after: Position;
  /** Only streams of these categories; all when left out. */
  readonly categories?: readonly Category[];
  /**
   * Only events of these types; all when left out. The others are not even parsed, which is most of a reader's work.
   * A type that this build does not know stops the reader all the same.
   */
  readonly types?: readonly EventType[];
  readonly signal: AbortSignal;
}

export type Delivery =
  | { readonly kind: 'event'; readonly event: StoredEvent }
  | { readonly kind: 'caught-up'; readonly position: Position };

/** What is known of events that were stored long ago. */
export interface Scrubbed {
  /** Up to here they were as they were written when they were looked at last. */
  readonly through: Position;
  /** The first that is not. */
  readonly damage?: string;
}

export interface EventLog {
  append(stream: string, expected: Expected, events: readonly NewEvent[]): Promise<Appended>;
  read(stream: string, options?: ReadOptions): AsyncIterable<StoredEvent>;
  subscribe(options: SubscribeOptions): AsyncIterable<Delivery>;
  /** Position of the newest event; `0n` when the log is empty. */
  head(): Promise<Position>;
  /** What one append may hold at most; left out where nothing bounds it. */
  readonly maxAppendBytes?: number;
  /** Why it takes no appends until the next start; undefined while it does. Left out where there is no such state. */
  stopped?(): string | undefined;
  /** Left out where nobody looks, or the server does it by itself. */
  scrubbed?(): Scrubbed | undefined;
  close(): Promise<void>;
}

/** An event as an adapter stores it: data as JSON text. `data` is validated and serialised before it gets here. */
export interface RawEvent {
  readonly id: string;
  readonly type: string;
  /** JSON text. */
  readonly data: string;
  /** JSON text of the flat metadata. */
  readonly meta: string;
}

export interface StoredRawEvent {
  readonly id: string;
  readonly type: string;
  readonly stream: string;
  readonly revision: Revision;
  readonly position: Position;
  /** JSON text, or what it holds where the adapter has it parsed already: this reader's own. */
  readonly data: string | object;
  readonly meta: string | object;
}

export type RawDelivery =
  | { readonly kind: 'events'; readonly events: readonly StoredRawEvent[] }
  | { readonly kind: 'caught-up'; readonly position: Position };

export interface AdapterSubscribeOptions extends SubscribeOptions {
  /**
   * Types that are known and not wanted. An adapter that can leaves them out before it reads them; an unknown type is
   * never among them, so that it still reaches the reader and stops it.
   */
  readonly skip?: readonly string[];
}

/** What an adapter implements; `eventLog(adapter)` puts schemas and upcasting around it. */
export interface LogAdapter {
  append(stream: string, expected: Expected, events: readonly RawEvent[]): Promise<Appended>;
  /** In batches, so that a reader of a million events does not pay a promise for each. */
  read(stream: string, options: ReadOptions): AsyncIterable<readonly StoredRawEvent[]>;
  subscribe(options: AdapterSubscribeOptions): AsyncIterable<RawDelivery>;
  head(): Promise<Position>;
  readonly maxAppendBytes?: number;
  stopped?(): string | undefined;
  scrubbed?(): Scrubbed | undefined;
  close(): Promise<void>;
}

export class VersionConflict extends Error {
  readonly stream: string;
  readonly expected: Expected;
  readonly actual: Expected;

  constructor(stream: string, expected: Expected, actual: Expected) {
    super(`stream ${stream} is at ${actual}, expected ${expected}`);
    this.name = 'VersionConflict';
    this.stream = stream;
    this.expected = expected;
    this.actual = actual;
  }
}

/** The log cannot be reached or has stopped; of an append the outcome is not known. */
export class Unavailable extends Outage {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'Unavailable';
  }
}

/** A type or schema version that this build does not know: the reader stops here. */
export class UnknownEvent extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UnknownEvent';
  }
}

/** The stored bytes are not what was written; names the first place that is wrong. */
export class LogDamaged extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'LogDamaged';
  }
}
