// SPDX-License-Identifier: Apache-2.0
import { hash } from 'node:crypto';
import type { Clock, Random } from './clock.js';

/** The namespace of every name-based id that NxMesh makes. */
const NAMESPACE = Buffer.from('6f1c2b0a5d3e5f0e9a4b7c8d9e0f1a2b', 'hex');

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Lower-case UUID of any version. */
export function isUuid(text: string): boolean {
  return UUID.test(text);
}

/** 16 bytes in hexadecimal digits as a UUID of this version. */
function format(hex: string, version: number): string {
  const variant = '89ab'[Number.parseInt(hex.slice(16, 17), 16) & 3];
  const [low, mid, high] = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(13, 16)];
  return `${low}-${mid}-${version}${high}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** UUIDv5 (RFC 9562): the same parts give the same id, on every machine and in every replay. */
export function uuidv5(...parts: readonly (string | number | bigint)[]): string {
  const name = JSON.stringify(parts.map(String));
  return format(hash('sha1', Buffer.concat([NAMESPACE, Buffer.from(name)]), 'hex'), 5);
}

/** UUIDv7 (RFC 9562): random, sortable by the millisecond it was made in. */
export function uuidv7(clock: Clock, random: Random): string {
  const bytes = random.bytes(16);
  bytes.writeUIntBE(clock.now(), 0, 6);
  return format(bytes.toString('hex'), 7);
}

const UUIDV7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7/;

/**
 * The same parts give the same id, as with `uuidv5`; but of a command whose id is a UUIDv7 it is a UUIDv8 (RFC 9562)
 * that begins with the same millisecond, so that what is made one after the other stands together in every index.
 */
function madeBy(commandId: string, ...parts: readonly (string | number)[]): string {
  const hashed = uuidv5(commandId, ...parts);
  return UUIDV7.test(commandId) ? `${commandId.slice(0, 14)}8${hashed.slice(15)}` : hashed;
}

/** Id of the n-th event that a command causes. */
export const eventId = (commandId: string, index: number): string => madeBy(commandId, 'event', index);

/** Id of the resource of this kind that a command creates. */
export const createdId = (commandId: string, kind: string): string => madeBy(commandId, kind);
