// SPDX-License-Identifier: Apache-2.0
import { type EventType, eventSchemas, schemaVersion, type Validator, validator } from '../schemas/index.js';
import { composeUpcasts, type Upcast, type Upcasts, upcasts } from './upcast.js';

/** What the log knows of one event type: how to check what goes in and how to lift what comes out. */
export interface EventKind {
  readonly version: string;
  /** Compiled at the first use: a role that never appends a type does not pay for its schema. */
  validate(data: unknown): ReturnType<Validator<unknown>>;
  /** Stored version → function to the newest; the newest itself is not in it. */
  readonly lift: ReadonlyMap<string, Upcast>;
}

export type Catalogue = ReadonlyMap<string, EventKind>;

/** Built and checked at boot: throws when an upcast is missing, or is one too many, for any type's version. */
export function eventCatalogue(
  versionOf: (type: EventType) => number = schemaVersion,
  registry: Upcasts = upcasts,
): Catalogue {
  const types = Object.keys(eventSchemas) as EventType[];
  const lifts = composeUpcasts(types, versionOf, registry);
  return new Map(
    types.map((type) => {
      let check: Validator<unknown> | undefined;
      const kind: EventKind = {
        version: String(versionOf(type)),
        validate: (data) => {
          check ??= validator<(typeof eventSchemas)[EventType]>(eventSchemas[type], 'first');
          return check(data);
        },
        lift: lifts.get(type) ?? new Map(),
      };
      return [type, kind];
    }),
  );
}
