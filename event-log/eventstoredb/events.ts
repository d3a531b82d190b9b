// SPDX-License-Identifier: Apache-2.0
import { jsonEvent, type RecordedEvent } from '@eventstore/db-client';
import { CATEGORIES, type Category } from '../../kernel/index.js';
import { LogDamaged, type RawEvent, type StoredRawEvent } from '../port.js';

type Members = Record<string, unknown>;

const encoder = new TextEncoder();

/**
 * An event as the client sends it. The client makes the JSON of the data itself, so it is given back what was parsed from
 * ours: nothing that JSON cannot hold comes so far. Metadata it takes as bytes, which it neither makes nor encodes again.
 * The server and its tools go by the two `$` members.
 */
export function proposedEvent(event: RawEvent) {
  const meta = JSON.parse(event.meta) as Members;
  const named = { ...meta, $correlationId: meta['correlation_id'], $causationId: meta['causation_id'] };
  return jsonEvent({
    id: event.id,
    type: event.type,
    data: JSON.parse(event.data) as Members,
    metadata: encoder.encode(JSON.stringify(named)),
  });
}

/** What the server counts: data, metadata and two bytes for each character of the type. */
export const sizeOnServer = (event: RawEvent, metadata: Uint8Array | undefined): number =>
  Buffer.byteLength(event.data) + (metadata?.byteLength ?? 0) + 2 * event.type.length;

const PREFIXES = CATEGORIES.map((category) => `${category}-`);

export const prefixesOf = (categories: readonly Category[] = CATEGORIES): string[] =>
  categories.map((category) => `${category}-`);

/** Events of the server itself, of other programs, and links whose target is gone are none of ours. */
export function isOurs(event: RecordedEvent | undefined): event is RecordedEvent {
  return (
    event !== undefined &&
    !event.type.startsWith('$') &&
    PREFIXES.some((prefix) => event.streamId.startsWith(prefix))
  );
}

/** Where servers before 22.6 leave the position out. */
const NO_POSITION = 2n ** 64n - 1n;

export function positionOf(event: RecordedEvent): bigint {
  const position = event.position?.commit;
  if (position === undefined || position === NO_POSITION) {
    throw new LogDamaged(`${place(event)} has no position; EventStoreDB 23.10 or newer is needed`);
  }
  return position;
}

/** Throws `LogDamaged` where there is no JSON object: the client gives malformed JSON as a string. */
export function storedEvent(event: RecordedEvent): StoredRawEvent {
  const { data, metadata } = event;
  if (!event.isJson || !isObject(data)) {
    throw new LogDamaged(`the data of ${place(event)} is not a JSON object`);
  }
  if (!isObject(metadata)) {
    throw new LogDamaged(`the metadata of ${place(event)} is not a JSON object`);
  }
  // What is there for the server. The last comes first: an object that loses its newest member stays a fast one.
  delete metadata['$causationId'];
  delete metadata['$correlationId'];
  return {
    id: event.id,
    type: event.type,
    stream: event.streamId,
    revision: event.revision,
    position: positionOf(event),
    data,
    meta: metadata,
  };
}

const isObject = (value: unknown): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);

const place = (event: RecordedEvent): string => `event ${event.revision} of ${event.streamId}`;
