// SPDX-License-Identifier: Apache-2.0
import { invariant, type Position } from '../../kernel/index.js';
import { deserialize } from '../documents.js';
import type { Doc } from '../port.js';

/**
 * Keys of our documents may be anything; in BSON `$`, `.`, NUL and the driver's own `_bsontype` mean something. They
 * are written as `%24` and the like, `%` itself too.
 */
const SPECIAL = /[%$.\0]|^_(?=bsontype$)/g;

const escapeKey = (key: string): string =>
  key.replace(SPECIAL, (one) => `%${one.charCodeAt(0).toString(16).padStart(2, '0')}`);
const unescapeKey = (key: string): string =>
  key.replace(/%([0-9a-f]{2})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));

/** Gives the value itself where no key changes, which is nearly always. */
function mapKeys(value: unknown, rename: (key: string) => string): unknown {
  if (typeof value !== 'object' || value === null) {
    return value;
  }
  if (Array.isArray(value)) {
    const items = value.map((item) => mapKeys(item, rename));
    return items.some((item, n) => item !== value[n]) ? items : value;
  }
  let changed = false;
  const members = Object.entries(value).map(([key, member]) => {
    const pair = [rename(key), mapKeys(member, rename)] as const;
    changed ||= pair[0] !== key || pair[1] !== member;
    return pair;
  });
  return changed ? Object.fromEntries(members) : value;
}

/** From the JSON text, so that what arrives is what JSON says: no `undefined`, no bigint, no class of the driver. */
export const encode = (text: string): Doc => mapKeys(deserialize(text), escapeKey) as Doc;
export const decode = (doc: unknown): Doc => mapKeys(doc, unescapeKey) as Doc;

/** Positions pass 2^63, where MongoDB's integers end: as text of one length they are ordered as numbers are. */
export function positionText(position: Position): string {
  const text = String(position).padStart(20, '0');
  invariant(position >= 0n && text.length === 20, `position ${position}`);
  return text;
}
