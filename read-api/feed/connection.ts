// SPDX-License-Identifier: Apache-2.0
import { type Principal, roleAt } from '../../http/index.js';
import { detail, invalid, never, uuidv7 } from '../../kernel/index.js';
import type { FeedDeps, FeedLimits } from './deps.js';
import type { Ending } from './endings.js';
import { pong, subscribed, unsubscribed } from './frames.js';
import type { Hub } from './hub.js';
import type { Message, Subscribe } from './messages.js';
import { rightsOf } from './rights.js';
import { createSubscriber, type Sink, type Subscriber } from './subscriber.js';
import { type Filter, subscriptions } from './subscriptions.js';

/** A place that a subscription is for, which its owner may lose. */
interface Place {
  readonly organizationId: string;
  readonly workspaceId?: string;
}

/** One subscriber with its principal and what it asked for. */
export interface Connection {
  readonly subscriber: Subscriber;
  readonly principal: Principal;
  /** Follows a message and answers it with a frame. NxError: it was not followed. */
  handle(message: Message): Promise<void>;
  /** Its rights are others from now on. Ends it where a place was taken that it asked for. */
  became(principal: Principal): void;
}

/** `boundTo`: the one workspace that its ticket is for. */
export function createConnection(
  deps: FeedDeps & { readonly hub: Hub; readonly feedLimits: FeedLimits },
  who: Principal,
  boundTo: string | undefined,
  sink: Sink,
): Connection {
  const { hub, clock } = deps;
  const open = subscriptions();
  const places = new Map<string, Place>();
  let principal = who;
  let may = rightsOf(who);
  const subscriber = createSubscriber({
    ...deps,
    limits: deps.feedLimits,
    sink,
    wants: (item) => (boundTo === undefined || item.workspaceId === boundTo) && open.want(item) && may(item),
    idle: () => open.size === 0,
  });

  /** The place that a filter names, which must be one of the principal's. */
  async function placeOf({ organization_id, workspace_id }: Filter): Promise<Place | undefined> {
    if (workspace_id !== undefined) {
      const organizationId =
        boundTo === undefined || boundTo === workspace_id
          ? await deps.organizationOf(workspace_id)
          : undefined;
      if (organizationId === undefined || !roleAt(principal, organizationId, workspace_id)) {
        throw invalid([detail('filter.workspace_id', 'NOT_FOUND', 'There is no such workspace')]);
      }
      return { organizationId, workspaceId: workspace_id };
    }
    if (organization_id !== undefined) {
      if (!roleAt(principal, organization_id)) {
        throw invalid([detail('filter.organization_id', 'NOT_FOUND', 'There is no such organization')]);
      }
      return { organizationId: organization_id };
    }
    return undefined;
  }

  async function checkedAfter(after: string | undefined): Promise<bigint | undefined> {
    if (after === undefined) {
      return undefined;
    }
    if (open.size > 0) {
      const words = 'Only the first subscription of a connection can resume';
      throw invalid([detail('after', 'NOT_FIRST', words)]);
    }
    const position = BigInt(after);
    if (position > hub.position && position > (await deps.log.head())) {
      throw invalid([detail('after', 'UNKNOWN_POSITION', 'The log has not come to this position')]);
    }
    return position;
  }

  async function subscribe({ id, events, filter = {}, after }: Subscribe): Promise<void> {
    const position = await checkedAfter(after);
    const place = await placeOf(filter);
    const subscription = { id: id ?? uuidv7(clock, deps.random), events, filter };
    const first = open.size === 0;
    open.add(subscription);
    if (place) {
      places.set(subscription.id, place);
    } else {
      places.delete(subscription.id);
    }
    if (first) {
      subscriber.start(position);
    }
    sink.text(subscribed(clock, subscription, subscriber.position));
    subscriber.pump();
  }

  return {
    subscriber,
    get principal() {
      return principal;
    },
    handle: async (message) => {
      switch (message.action) {
        case 'subscribe':
          return subscribe(message);
        case 'unsubscribe': {
          const gone = open.remove(message.id, message.events);
          for (const id of gone) {
            places.delete(id);
          }
          return sink.text(unsubscribed(clock, gone));
        }
        case 'ping':
          return sink.text(pong(clock));
        default:
          return never(message, 'message');
      }
    },
    became: (now) => {
      const before = principal;
      principal = now;
      may = rightsOf(now);
      const lost = [...places.values()].some(
        ({ organizationId, workspaceId }) => !roleAt(now, organizationId, workspaceId),
      );
      if (lost || (hasPlaces(before) && !hasPlaces(now))) {
        subscriber.end('forbidden' satisfies Ending);
      }
    },
  };
}

const hasPlaces = ({ isAdmin, roles }: Principal): boolean => isAdmin || Object.keys(roles).length > 0;
