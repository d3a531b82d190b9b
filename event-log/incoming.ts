// SPDX-License-Identifier: Apache-2.0
import type { EventMeta } from '../kernel/index.js';
import type { StoredEvent } from '../schemas/index.js';
import type { Catalogue } from './catalogue.js';
import { LogDamaged, type StoredRawEvent, UnknownEvent } from './port.js';

/** A stored event as readers get it: parsed, and brought to the newest version of its type. */
export function incoming(catalogue: Catalogue, raw: StoredRawEvent): StoredEvent {
  const kind = catalogue.get(raw.type);
  if (!kind) {
    throw new UnknownEvent(`${place(raw)} is of the unknown type ${raw.type}`);
  }
  let meta: EventMeta;
  let data: unknown;
  try {
    meta = parsed(raw.meta) as EventMeta;
    data = parsed(raw.data);
  } catch (error) {
    throw new LogDamaged(`${place(raw)} is not JSON: ${error instanceof Error ? error.message : ''}`);
  }
  if (meta.schema_version !== kind.version) {
    const lift = kind.lift.get(meta.schema_version);
    if (!lift) {
      throw new UnknownEvent(
        `${place(raw)} is ${raw.type}@${meta.schema_version}, known up to ${kind.version}`,
      );
    }
    data = lift(data);
    meta = { ...meta, schema_version: kind.version };
  }
  // What was checked on the way in is not checked again: a replay pays for parsing alone.
  return {
    id: raw.id,
    type: raw.type,
    stream: raw.stream,
    revision: raw.revision,
    position: raw.position,
    data,
    meta,
  } as StoredEvent;
}

const parsed = (json: string | object): unknown => (typeof json === 'string' ? JSON.parse(json) : json);

const place = (raw: StoredRawEvent): string =>
  `event ${raw.revision} of ${raw.stream} at position ${raw.position}`;
