// SPDX-License-Identifier: Apache-2.0
/**
 * Facts about an event's transport: flat strings, so that any store can hold them.
 * What a decision used stands in the event's data, never here.
 */
export interface EventMeta {
  readonly command_id: string;
  /** Digest of the command's content: the same `command_id` with another digest is refused. */
  readonly command_digest: string;
  /** The request (or other first cause) that all of this belongs to. */
  readonly correlation_id: string;
  /** The command or event that directly caused this one. */
  readonly causation_id: string;
  /** `user:<id>`, `agent:<id>`, `workflow:<name>` or `system`. */
  readonly actor: string;
  readonly organization_id?: string;
  readonly workspace_id?: string;
  /** The network that was asked from, sealed under the asking person's own key: unreadable once they are erased. */
  readonly address_sealed?: string;
  /** The version of the event type's schema, a decimal integer. */
  readonly schema_version: string;
  /** RFC 3339; for display, never used to decide or to order. */
  readonly recorded_at: string;
}

/** An event as it is appended; `D` is its data. */
export interface EventEnvelope<T extends string = string, D = unknown> {
  readonly id: string;
  readonly type: T;
  readonly data: D;
  readonly meta: EventMeta;
}

/** Number of an event in its stream, from 0 without gaps. */
export type Revision = bigint;

/** Place of an event in the whole log; grows, not necessarily by one. */
export type Position = bigint;

/** Where a stored event stands. */
export interface Recorded {
  readonly stream: string;
  readonly revision: Revision;
  readonly position: Position;
}
