// SPDX-License-Identifier: Apache-2.0
import type { EventLog } from '../../event-log/index.js';
import { type Clock, notifier, type Position, type Timers, timestamp, waiters } from '../../kernel/index.js';
import type { Role } from '../../schemas/index.js';
import {
  ACCESS_TYPES,
  type AccessEvent,
  type AccessKey,
  type AccessSession,
  type AccessState,
  emptyAccess,
  foldAccess,
  type KeySpan,
} from './state.js';

/** What a person may do now. */
export interface Rights {
  readonly userId: string;
  readonly isAdmin: boolean;
  readonly sessionVersion: number;
  /** Organization's id → role in it. */
  readonly roles: Readonly<Record<string, Role>>;
  /** Workspace's id → what is left there of the role. */
  readonly workspaceRoles: Readonly<Record<string, Role | 'none'>>;
}

export interface Access {
  /** Undefined when there is no such user, or it is disabled. */
  rights(userId: string): Rights | undefined;
  /** Users who are administrators of the installation and not disabled. */
  administrators(): readonly string[];
  /** The organizations in which somebody has a role, also when they may not come in any more. */
  organizationsOf(userId: string): readonly string[];
  /** Whose session it is, while it is open. */
  sessionOf(sessionId: string): string | undefined;
  /** A user's sessions that have not ended, expired ones too. */
  sessionsOf(userId: string): readonly AccessSession[];
  /** Sessions that have expired and nobody has ended yet. */
  expired(): readonly AccessSession[];
  /** The keys that somebody made and that are not revoked. */
  keysOf(userId: string): readonly AccessKey[];
  /** Undefined when there is no such key, or it was revoked; whether it has expired is for the caller's clock. */
  key(id: string): AccessKey | undefined;
  /** The same of any time, with from where to where in the log it was good. */
  keySpansOf(userId: string): readonly KeySpan[];
  keySpan(id: string): KeySpan | undefined;
  /** True once everything that stands in the log now counts here; false when that takes longer. Many share one look. */
  fresh(withinMs: number): Promise<boolean>;
  /** True once everything up to the position counts here; false when that takes longer. */
  passed(position: Position, withinMs: number): Promise<boolean>;
  /** Resolves when anything has changed since it was asked for. */
  changed(): Promise<void>;
  /** Follows the log until the signal aborts; throws what the log throws. Run again, it goes on where it was. */
  follow(signal: AbortSignal): Promise<void>;
}

const CATEGORIES = ['user', 'session', 'api_key', 'organization'] as const;

export function access({ log, clock, timers }: { log: EventLog; clock: Clock; timers: Timers }): Access {
  const state = emptyAccess();
  const news = notifier();
  const waiting = waiters(timers);
  let known = new Map<string, Rights | undefined>();
  let position: Position = 0n;
  let caughtUp: Position = -1n;

  const passed = async (wanted: Position, withinMs: number): Promise<boolean> =>
    caughtUp >= wanted || waiting.wait(wanted, withinMs);

  let asking: Promise<Position> | undefined;
  let next: Promise<Position> | undefined;
  const ask = (): Promise<Position> => {
    next = undefined;
    asking = log.head().finally(() => {
      asking = undefined;
    });
    return asking;
  };
  const open = ({ expiresAt }: AccessSession): boolean => expiresAt > timestamp(clock.now());

  return {
    fresh: async (withinMs) => {
      // A look that has begun may have missed what the caller means.
      next ??= asking?.then(ask, ask);
      return passed(await (next ?? ask()), withinMs);
    },
    administrators: () =>
      [...state.users].filter(([, user]) => user.isAdmin && !user.disabled).map(([id]) => id),
    rights: (userId) => {
      if (!known.has(userId)) {
        known.set(userId, rightsOf(state, userId));
      }
      return known.get(userId);
    },
    organizationsOf: (userId) => [...(state.roles.get(userId)?.keys() ?? [])],
    sessionOf: (sessionId) => {
      const session = state.sessions.get(sessionId);
      return session && open(session) ? session.userId : undefined;
    },
    sessionsOf: (userId) =>
      [...(state.sessionsOf.get(userId) ?? [])].flatMap((id) => state.sessions.get(id) ?? []),
    expired: () => [...state.sessions.values()].filter((session) => !open(session)),
    keysOf: (userId) => [...state.keys.values()].filter(({ key }) => key.user_id === userId),
    key: (id) => state.keys.get(id),
    keySpansOf: (userId) =>
      [...state.keys.values(), ...state.formerKeys.values()].filter(({ key }) => key.user_id === userId),
    keySpan: (id) => state.keys.get(id) ?? state.formerKeys.get(id),
    passed,
    changed: () => news.wait(),
    follow: async (signal) => {
      const following = { after: position, categories: CATEGORIES, types: ACCESS_TYPES, signal };
      for await (const delivery of log.subscribe(following)) {
        if (delivery.kind === 'event') {
          foldAccess(state, delivery.event as AccessEvent);
          known = new Map();
          position = delivery.event.position;
        } else {
          position = delivery.position;
        }
        caughtUp = position;
        waiting.reached(position);
        news.notify();
      }
    },
  };
}

function rightsOf(state: AccessState, userId: string): Rights | undefined {
  const user = state.users.get(userId);
  if (!user || user.disabled) {
    return undefined;
  }
  return {
    userId,
    isAdmin: user.isAdmin,
    sessionVersion: user.sessionVersion,
    roles: Object.fromEntries(state.roles.get(userId) ?? []),
    workspaceRoles: Object.fromEntries(state.workspaceRoles.get(userId) ?? []),
  };
}
