// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { canonicalJson, invariant } from '../kernel/index.js';
import type { CollectionSpec, Commit, Doc, Query } from './port.js';

/** JSON text of a document, as every adapter keeps it. */
export function serialize(doc: Doc): string {
  invariant(typeof doc.id === 'string' && doc.id.length > 0, 'a document has an id');
  return JSON.stringify(doc);
}

export const deserialize = (text: string): Doc => JSON.parse(text) as Doc;

/** Order of text by code point, as SQLite and MongoDB have it; `<` compares UTF-16 units, which differs above U+FFFF. */
export function compareText(a: string, b: string): number {
  return a === b ? 0 : Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** Fields become names in a store's own language, so that only plain ones are let in. */
export function checkSpec(spec: CollectionSpec): void {
  for (const field of spec.indexes) {
    invariant(/^[a-z][a-z0-9_]{0,62}$/.test(field) && field !== 'id', `index field ${field} of ${spec.name}`);
  }
}

/** Asking for what is not indexed is a mistake of the caller, not an empty answer. */
export function checkQuery(collection: string, indexes: readonly string[], query: Query): void {
  const fields = [...Object.keys(query.where ?? {}), ...(query.orderBy === undefined ? [] : [query.orderBy])];
  for (const field of fields) {
    invariant(field === 'id' || indexes.includes(field), `${field} is not an index of ${collection}`);
  }
  for (const count of [query.offset, query.limit]) {
    invariant(
      count === undefined || (Number.isSafeInteger(count) && count >= 0),
      'offset and limit are counts',
    );
  }
}

export function checkCommit(commit: Commit): void {
  invariant(commit.to >= commit.from, `checkpoint of ${commit.projection} goes back`);
}

/** SHA-256 over the canonical JSON of documents that come in order of their ids. */
export function hashDocuments(texts: Iterable<string>): string {
  const hash = createHash('sha256');
  for (const text of texts) {
    hash.update(canonicalJson(JSON.parse(text))).update('\n');
  }
  return hash.digest('hex');
}
