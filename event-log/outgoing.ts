// SPDX-License-Identifier: Apache-2.0
import { CATEGORIES, type ErrorDetail, type EventMeta, isUuid } from '../kernel/index.js';
import type { NewEvent } from '../schemas/index.js';
import type { Catalogue } from './catalogue.js';
import { isJson } from './json-value.js';
import type { RawEvent } from './port.js';

/** An event that must not enter the log. A fault of the caller, never of a user: users' input is checked before. */
export class InvalidEvent extends Error {
  readonly details: readonly ErrorDetail[];

  constructor(message: string, details: readonly ErrorDetail[] = []) {
    super(details.length === 0 ? message : `${message}: ${details.map(inWords).join('; ')}`);
    this.name = 'InvalidEvent';
    this.details = details;
  }
}

/** An append larger than the server takes in one piece. Nothing was stored; it must be made of smaller ones. */
export class AppendTooLarge extends InvalidEvent {
  readonly limit: number;

  constructor(stream: string, limit: number, bytes?: number) {
    const size = bytes === undefined ? 'more' : `${bytes} bytes`;
    super(`an append to ${stream} is of ${size}, the log takes ${limit} bytes at once`);
    this.name = 'AppendTooLarge';
    this.limit = limit;
  }
}

const inWords = (one: ErrorDetail): string => `${one.field} ${one.message}`;

const STREAM = new RegExp(`^(${CATEGORIES.join('|')})-[a-z0-9-]{1,80}$`);

const REQUIRED_META = [
  'command_id',
  'command_digest',
  'correlation_id',
  'causation_id',
  'actor',
  'schema_version',
  'recorded_at',
] as const;
const KNOWN_META = new Set<string>([...REQUIRED_META, 'organization_id', 'workspace_id', 'address_sealed']);
const MAX_META = 512;

/** Checks one append against the schemas and gives it as text. Throws `InvalidEvent`; nothing is stored then. */
export function outgoing(catalogue: Catalogue, stream: string, events: readonly NewEvent[]): RawEvent[] {
  if (!STREAM.test(stream)) {
    throw new InvalidEvent(`not a stream's name: ${JSON.stringify(stream).slice(0, 120)}`);
  }
  if (events.length === 0) {
    throw new InvalidEvent('an append holds at least one event');
  }
  if (events.length > 1 && new Set(events.map((event) => event.id)).size < events.length) {
    throw new InvalidEvent('an append holds each event once');
  }
  return events.map((event) => serialised(catalogue, event));
}

function serialised(catalogue: Catalogue, event: NewEvent): RawEvent {
  const kind = catalogue.get(event.type);
  if (!kind) {
    throw new InvalidEvent(`unknown event type ${JSON.stringify(event.type)?.slice(0, 80)}`);
  }
  if (typeof event.id !== 'string' || !isUuid(event.id)) {
    throw new InvalidEvent(`id of ${event.type} is not a UUID`);
  }
  const checked = kind.validate(event.data);
  if (!checked.ok) {
    throw new InvalidEvent(`data of ${event.type}`, checked.details);
  }
  if (!isJson(event.data)) {
    throw new InvalidEvent(`data of ${event.type} holds what JSON cannot`);
  }
  checkMeta(event.type, event.meta, kind.version);
  return {
    id: event.id,
    type: event.type,
    data: JSON.stringify(event.data),
    meta: JSON.stringify(event.meta),
  };
}

function checkMeta(type: string, meta: EventMeta, version: string): void {
  const members: Record<string, unknown> = { ...meta };
  for (const key of REQUIRED_META) {
    if (typeof members[key] !== 'string') {
      throw new InvalidEvent(`meta of ${type} lacks ${key}`);
    }
  }
  for (const key of Object.keys(members)) {
    const value = members[key];
    if (!KNOWN_META.has(key)) {
      throw new InvalidEvent(`meta of ${type} has an unknown member ${JSON.stringify(key).slice(0, 80)}`);
    }
    if (typeof value !== 'string' || value.length > MAX_META) {
      throw new InvalidEvent(`meta.${key} of ${type} is not a string of at most ${MAX_META} characters`);
    }
  }
  if (meta.schema_version !== version) {
    throw new InvalidEvent(`meta.schema_version of ${type} is not ${version}, the newest`);
  }
}
