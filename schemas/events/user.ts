// SPDX-License-Identifier: Apache-2.0
import { closed, nullable, oneOf, Sha256, Timestamp, Type, Uuid } from '../common.js';
import { ApiKey } from '../resources/index.js';

/** Streams `user-<id>`. Name, address and password are in the vault only. */
export const userEvents = {
  'user.created': closed({ user_id: Uuid, is_admin: Type.Boolean(), at: Timestamp }),
  /** The names of what changed; what it is now stands in the vault. */
  'user.updated': closed({
    user_id: Uuid,
    changed: Type.Array(oneOf('username', 'email', 'full_name'), { minItems: 1, maxItems: 3 }),
    at: Timestamp,
  }),
  'user.administrator_set': closed({ user_id: Uuid, is_admin: Type.Boolean(), at: Timestamp }),
  /** Access tokens of an older session version are worth nothing from here on. */
  'user.password_changed': closed({
    user_id: Uuid,
    session_version: Type.Integer({ minimum: 2 }),
    /** The session of whoever changed their own, which goes on. */
    kept_session_id: nullable(Uuid),
    at: Timestamp,
  }),
  'user.disabled': closed({ user_id: Uuid, at: Timestamp }),
  'user.enabled': closed({ user_id: Uuid, at: Timestamp }),
  /** The keys of the user's personal data are destroyed: only the id is left. */
  'user.erased': closed({ user_id: Uuid, at: Timestamp }),
};

const held = closed({ user_id: Uuid, at: Timestamp });

/** Reservations `email-<hmac>`: one user an address. */
export const emailEvents = { 'email.reserved': held, 'email.released': held };

/** Reservations `username-<hmac>`: one user a name. */
export const usernameEvents = { 'username.reserved': held, 'username.released': held };

export const SESSION_ENDS = [
  'logout',
  'revoked',
  'expired',
  'reuse_detected',
  'password_changed',
  'user_disabled',
  'user_erased',
] as const;

/** Which version of the user's sessions it belongs to: a change of password ends every older one. */
const SessionVersion = Type.Integer({ minimum: 1 });

/** Streams `session-<id>`: a sign-in with the family of refresh tokens that follow from it, by their hashes. */
export const sessionEvents = {
  'session.started': closed({
    session_id: Uuid,
    user_id: Uuid,
    session_version: SessionVersion,
    token_sha256: Sha256,
    at: Timestamp,
    expires_at: Timestamp,
  }),
  'session.refreshed': closed({
    session_id: Uuid,
    session_version: SessionVersion,
    token_sha256: Sha256,
    previous_sha256: Sha256,
    at: Timestamp,
    expires_at: Timestamp,
  }),
  'session.ended': closed({ session_id: Uuid, user_id: Uuid, reason: oneOf(...SESSION_ENDS), at: Timestamp }),
};

/** Streams `api_key-<id>`. The key itself is shown once and kept nowhere. */
export const apiKeyEvents = {
  'api_key.created': closed({ api_key: ApiKey, secret_sha256: Sha256 }),
  'api_key.revoked': closed({ api_key_id: Uuid, user_id: Uuid, at: Timestamp }),
};
