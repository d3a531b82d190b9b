// SPDX-License-Identifier: Apache-2.0
/**
 * Who may do what, from the log: users, their roles, their open sessions and their API keys. It is held in memory,
 * because every request asks it, and follows the log live, because whoever is shut out must be out at once.
 */
import { never, type Position } from '../../kernel/index.js';
import type { ApiKey, EventType, Role, StoredEvent } from '../../schemas/index.js';

export interface AccessUser {
  readonly isAdmin: boolean;
  readonly disabled: boolean;
  readonly sessionVersion: number;
}

export interface AccessKey {
  readonly key: ApiKey;
  readonly secretSha256: string;
  /** Where in the log it was made. */
  readonly since: Position;
}

/** A key that opens nothing any more, or not by this: shown to who asks for the past. */
export interface KeySpan {
  readonly key: ApiKey;
  readonly since: Position;
  /** Where in the log it was revoked; undefined while it is not. */
  readonly until?: Position;
}

/** A session that has not ended; whether it has expired is for the clock. Times are RFC 3339. */
export interface AccessSession {
  readonly id: string;
  readonly userId: string;
  readonly sessionVersion: number;
  readonly startedAt: string;
  readonly refreshedAt: string;
  readonly expiresAt: string;
}

export interface AccessState {
  readonly users: Map<string, AccessUser>;
  /** User → organization → role. */
  readonly roles: Map<string, Map<string, Role>>;
  /** User → workspace → what is left there of the role. */
  readonly workspaceRoles: Map<string, Map<string, Role | 'none'>>;
  readonly sessions: Map<string, AccessSession>;
  /** User → their sessions. */
  readonly sessionsOf: Map<string, Set<string>>;
  readonly keys: Map<string, AccessKey>;
  readonly formerKeys: Map<string, KeySpan>;
}

export const emptyAccess = (): AccessState => ({
  users: new Map(),
  roles: new Map(),
  workspaceRoles: new Map(),
  sessions: new Map(),
  sessionsOf: new Map(),
  keys: new Map(),
  formerKeys: new Map(),
});

/** The types that decide on access; the others of these categories are not read. */
export const ACCESS_TYPES = [
  'user.created',
  'user.administrator_set',
  'user.password_changed',
  'user.disabled',
  'user.enabled',
  'user.erased',
  'session.started',
  'session.refreshed',
  'session.ended',
  'api_key.created',
  'api_key.revoked',
  'organization.deleted',
  'member.added',
  'member.role_changed',
  'member.removed',
  'workspace_role.set',
  'workspace_role.cleared',
] as const satisfies readonly EventType[];

export type AccessEvent = StoredEvent<(typeof ACCESS_TYPES)[number]>;

export function foldAccess(state: AccessState, event: AccessEvent): void {
  switch (event.type) {
    case 'user.created': {
      const { user_id, is_admin } = event.data;
      state.users.set(user_id, { isAdmin: is_admin, disabled: false, sessionVersion: 1 });
      return;
    }
    case 'user.administrator_set':
      changeUser(state, event.data.user_id, { isAdmin: event.data.is_admin });
      return;
    case 'user.password_changed':
      changeUser(state, event.data.user_id, { sessionVersion: event.data.session_version });
      return;
    case 'user.disabled':
      changeUser(state, event.data.user_id, { disabled: true });
      return;
    case 'user.enabled':
      changeUser(state, event.data.user_id, { disabled: false });
      return;
    case 'user.erased':
      // The roles go with the events that end them, and are worth nothing to nobody until then.
      state.users.delete(event.data.user_id);
      return;
    case 'session.started': {
      const { session_id: id, user_id: userId, session_version, at, expires_at } = event.data;
      const times = { startedAt: at, refreshedAt: at, expiresAt: expires_at };
      state.sessions.set(id, { id, userId, sessionVersion: session_version, ...times });
      const ids = state.sessionsOf.get(userId) ?? new Set();
      state.sessionsOf.set(userId, ids.add(id));
      return;
    }
    case 'session.refreshed': {
      const { session_id: id, session_version: sessionVersion, at, expires_at } = event.data;
      const session = state.sessions.get(id);
      if (session) {
        state.sessions.set(id, { ...session, sessionVersion, refreshedAt: at, expiresAt: expires_at });
      }
      return;
    }
    case 'session.ended': {
      const ids = state.sessionsOf.get(event.data.user_id);
      state.sessions.delete(event.data.session_id);
      ids?.delete(event.data.session_id);
      if (ids?.size === 0) {
        state.sessionsOf.delete(event.data.user_id);
      }
      return;
    }
    case 'api_key.created': {
      const { api_key, secret_sha256 } = event.data;
      const since = event.position;
      state.keys.set(api_key.id, { key: api_key, secretSha256: secret_sha256, since });
      return;
    }
    case 'api_key.revoked': {
      const revoked = state.keys.get(event.data.api_key_id);
      if (revoked) {
        const { key, since } = revoked;
        state.keys.delete(key.id);
        state.formerKeys.set(key.id, { key, since, until: event.position });
      }
      return;
    }
    case 'organization.deleted':
      for (const roles of state.roles.values()) {
        roles.delete(event.data.organization_id);
      }
      return;
    case 'member.added':
    case 'member.role_changed':
      of(state.roles, event.data.user_id).set(event.data.organization_id, event.data.role);
      return;
    case 'member.removed':
      state.roles.get(event.data.user_id)?.delete(event.data.organization_id);
      return;
    case 'workspace_role.set':
      of(state.workspaceRoles, event.data.user_id).set(event.data.workspace_id, event.data.role);
      return;
    case 'workspace_role.cleared':
      state.workspaceRoles.get(event.data.user_id)?.delete(event.data.workspace_id);
      return;
    default:
      never(event, 'event about access');
  }
}

function changeUser(state: AccessState, id: string, change: Partial<AccessUser>): void {
  const user = state.users.get(id);
  if (user) {
    state.users.set(id, { ...user, ...change });
  }
}

function of<T>(all: Map<string, Map<string, T>>, userId: string): Map<string, T> {
  const known = all.get(userId) ?? new Map<string, T>();
  all.set(userId, known);
  return known;
}
