// SPDX-License-Identifier: Apache-2.0
/**
 * What leaves NxMesh of an event. The log holds no secret in clear, but some fields are of use to NxMesh alone and help
 * nobody but an attacker: hashes of tokens and keys, pseudonyms of people. They are named here, and only here.
 */
import { type EventType, eventSchemas, type StoredEvent } from '../schemas/index.js';

/** Fields of an event's data that are not published; `all`: the event is not published at all. */
export const NOT_PUBLISHED: { readonly [T in EventType]?: readonly string[] | 'all' } = {
  'agent.enrolled': ['token_sha256'],
  'agent.registered': ['public_key_sha256'],
  // Its stream is named after a keyed hash of the address; who was made says `user.created`.
  'email.reserved': 'all',
  'email.released': 'all',
  'username.reserved': 'all',
  'username.released': 'all',
  // Who is signed in, and when, is nobody's business but theirs.
  'session.started': 'all',
  'session.refreshed': 'all',
  'session.ended': 'all',
  'api_key.created': ['secret_sha256'],
  'invitation.created': ['token_sha256'],
  // Of use to who checks the audit of this log, which has it.
  'audit.checkpoint_signed': 'all',
};

export const publishedTypes: readonly EventType[] = (Object.keys(eventSchemas) as EventType[]).filter(
  (type) => NOT_PUBLISHED[type] !== 'all',
);

/** The event's data as JSON text, without what is not published. */
export function publicData({ type, data }: Pick<StoredEvent, 'type' | 'data'>): string {
  const hidden = NOT_PUBLISHED[type];
  if (hidden === undefined || hidden === 'all') {
    return JSON.stringify(hidden === 'all' ? {} : data);
  }
  return JSON.stringify(data, (key, value: unknown) => (hidden.includes(key) ? undefined : value));
}
