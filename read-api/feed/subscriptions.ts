// SPDX-License-Identifier: Apache-2.0
import { detail, invalid } from '../../kernel/index.js';
import { fits } from './catalogue.js';
import type { Item } from './item.js';

/** Only events of these; all parts that are given must fit. */
export interface Filter {
  readonly organization_id?: string;
  readonly workspace_id?: string;
  readonly agent_id?: string;
  /** Only events of programs, or none of them. */
  readonly custom?: boolean;
}

export interface Subscription {
  readonly id: string;
  readonly events: readonly string[];
  readonly filter: Filter;
}

export interface Subscriptions {
  readonly size: number;
  all(): Iterable<Subscription>;
  /** VALIDATION_ERROR where it is one too many; one of the same id is replaced. */
  add(subscription: Subscription): void;
  /** Takes these patterns away, or everything; of the one with this id, or of all. Gives the ids that are gone. */
  remove(id: string | undefined, events: readonly string[] | undefined): string[];
  want(item: Item): boolean;
}

const MAX_SUBSCRIPTIONS = 32;

const passes = (filter: Filter, item: Item): boolean =>
  (filter.workspace_id === undefined || filter.workspace_id === item.workspaceId) &&
  (filter.organization_id === undefined || filter.organization_id === item.organizationId) &&
  (filter.agent_id === undefined || filter.agent_id === item.agentId) &&
  (filter.custom === undefined || filter.custom === item.custom);

export function subscriptions(): Subscriptions {
  const open = new Map<string, Subscription>();
  return {
    get size() {
      return open.size;
    },
    all: () => open.values(),
    add: (subscription) => {
      if (!open.has(subscription.id) && open.size >= MAX_SUBSCRIPTIONS) {
        const words = `At most ${MAX_SUBSCRIPTIONS} subscriptions on one connection`;
        throw invalid([detail('id', 'TOO_MANY', words)]);
      }
      open.set(subscription.id, subscription);
    },
    remove: (id, events) => {
      const gone: string[] = [];
      for (const one of [...open.values()].filter((other) => id === undefined || other.id === id)) {
        const left = events ? one.events.filter((pattern) => !events.includes(pattern)) : [];
        if (left.length === 0) {
          open.delete(one.id);
          gone.push(one.id);
        } else {
          open.set(one.id, { ...one, events: left });
        }
      }
      return gone;
    },
    want: (item) => {
      for (const { events, filter } of open.values()) {
        if (passes(filter, item) && events.some((pattern) => fits(pattern, item.type))) {
          return true;
        }
      }
      return false;
    },
  };
}
