// SPDX-License-Identifier: Apache-2.0
import type { Category } from '../kernel/index.js';
import type { EventData, EventType, StoredEvent } from '../schemas/index.js';
import type { Projection } from './projection.js';

/** What an event does to one resource: an event carries it whole, so that projecting is setting. */
type Change = { readonly put: { readonly id: string } } | { readonly remove: string };

export interface ResourceModel {
  readonly name: string;
  readonly version: number;
  readonly category: Category;
  readonly collection: string;
  readonly indexes: readonly string[];
  /** What each type of event does to the resource; the other types of the category never get here. */
  readonly on: { readonly [T in EventType]?: (data: EventData<T>) => Change };
}

/** Where a document comes from, for the read side alone. */
export interface Origin {
  /** Revision of the resource's stream after the event that set it; its ETag. */
  readonly _revision: string;
  readonly _position: string;
  /** An event about it could not be projected. */
  readonly _stale?: true;
}

export const origin = (event: StoredEvent): Origin => ({
  _revision: String(event.revision),
  _position: String(event.position),
});

/** The read model of a kind of resource: its documents are the resources themselves. */
export function resourceProjection(model: ResourceModel): Projection {
  const { name, version, category, collection, indexes, on } = model;
  const change = ({ type, data }: StoredEvent): Change | undefined =>
    (on[type] as ((data: unknown) => Change) | undefined)?.(data);
  const idOf = (one: Change): string => ('put' in one ? one.put.id : one.remove);
  return {
    name,
    version,
    categories: [category],
    types: Object.keys(on) as EventType[],
    collections: [{ name: collection, indexes }],
    onPoison: 'park',
    keys: (event) => {
      const changed = change(event);
      return changed ? [{ collection, id: idOf(changed) }] : [];
    },
    project: (event) => {
      const changed = change(event);
      if (!changed) {
        return [];
      }
      return 'put' in changed
        ? [{ kind: 'put', collection, doc: { ...changed.put, ...origin(event) } }]
        : [{ kind: 'delete', collection, id: changed.remove }];
    },
  };
}
