// SPDX-License-Identifier: Apache-2.0
/**
 * Who the users are, to search and sort: the log says that there is a user, the vault who it is. Held in memory and
 * never stored, because what can be searched is in clear. About 1 kB a user: meant for up to 100,000 of them, which
 * take some seconds to read at the start.
 */
import type { EventLog } from '../../event-log/index.js';
import { type Clock, never, notifier, type Position, type Timers } from '../../kernel/index.js';
import type { EventType, StoredEvent, User } from '../../schemas/index.js';
import { type DirectoryQuery, type Person, roster } from './query.js';

export type { DirectoryQuery, Person } from './query.js';

type Profile = Pick<User, 'username' | 'email' | 'full_name'>;

export interface Directory {
  /** Undefined for who is not there or erased. */
  get(userId: string): Person | undefined;
  find(query: DirectoryQuery): { readonly items: readonly Person[]; readonly total: number };
  /** True once everything that stands in the log now counts here. */
  fresh(withinMs: number): Promise<boolean>;
  follow(signal: AbortSignal): Promise<void>;
}

interface Deps {
  readonly log: EventLog;
  readonly clock: Clock;
  readonly timers: Timers;
  /** Undefined for an erased user. */
  readonly profile: (userId: string) => Promise<Profile | undefined>;
}

const TYPES = [
  'user.created',
  'user.updated',
  'user.administrator_set',
  'user.password_changed',
  'user.disabled',
  'user.enabled',
  'user.erased',
] as const satisfies readonly EventType[];

type UserEvent = StoredEvent<(typeof TYPES)[number]>;

export function directory({ log, clock, timers, profile }: Deps): Directory {
  const people = roster();
  const news = notifier();
  let position: Position = 0n;
  let caughtUp: Position = -1n;

  async function fold(event: UserEvent): Promise<void> {
    const { user_id: id, at } = event.data;
    const change = (changed: Partial<User>): void => {
      const known = people.get(id);
      if (known) {
        const user = { ...known.user, ...changed, updated_at: at };
        people.put({ user, revision: event.revision });
      }
    };
    switch (event.type) {
      case 'user.created': {
        const is = await profile(id);
        if (is) {
          const { is_admin } = event.data;
          const user = { id, ...is, is_active: true, is_admin, created_at: at, updated_at: at };
          people.put({ user, revision: event.revision });
        }
        return;
      }
      case 'user.updated':
        change((await profile(id)) ?? {});
        return;
      case 'user.administrator_set':
        change({ is_admin: event.data.is_admin });
        return;
      case 'user.password_changed':
        change({});
        return;
      case 'user.disabled':
        change({ is_active: false });
        return;
      case 'user.enabled':
        change({ is_active: true });
        return;
      case 'user.erased':
        people.remove(id);
        return;
      default:
        never(event, 'event of a user');
    }
  }

  return {
    get: people.get,
    find: people.find,
    fresh: async (withinMs) => {
      const [wanted, until] = [await log.head(), clock.monotonic() + withinMs];
      while (caughtUp < wanted) {
        const left = until - clock.monotonic();
        if (left <= 0) {
          return false;
        }
        const waiting = new AbortController();
        await Promise.race([news.wait(), timers.sleep(left, waiting.signal).catch(() => {})]);
        waiting.abort();
      }
      return true;
    },
    follow: async (signal) => {
      const following = { after: position, categories: ['user' as const], types: TYPES, signal };
      for await (const delivery of log.subscribe(following)) {
        if (delivery.kind === 'event') {
          await fold(delivery.event as UserEvent);
          position = delivery.event.position;
        } else {
          position = delivery.position;
        }
        caughtUp = position;
        news.notify();
      }
    },
  };
}
