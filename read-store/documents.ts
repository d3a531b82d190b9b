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

/** The fields of an index in their order. */
export const fieldsOf = (index: string): readonly string[] => index.split(',');

/** Fields become names in a store's own language, so that only plain ones are let in. */
export function checkSpec(spec: CollectionSpec): void {
  for (const field of spec.indexes.flatMap(fieldsOf)) {
    invariant(/^[a-z][a-z0-9_]{0,62}$/.test(field) && field !== 'id', `index field ${field} of ${spec.name}`);
  }
}

/**
 * The index that serves a query best: the one that most of its filters lead into, then one that is in its order. Of
 * equals the later declared one, as the first is the scope that everything is in. Undefined when none serves it.
 */
export function indexFor(indexes: readonly string[], query: Query): string | undefined {
  const order = query.orderBy === 'id' ? undefined : query.orderBy;
  const filters = Object.keys(query.where ?? {});
  let best: string | undefined;
  let most = 0;
  for (const index of indexes) {
    const fields = fieldsOf(index);
    const other = fields.findIndex((field) => !filters.includes(field));
    const matched = other < 0 ? fields.length : other;
    const inOrder = fields[matched] === order;
    const score = 2 * matched + (inOrder ? 1 : 0);
    if ((matched > 0 || (order !== undefined && inOrder)) && score >= most) {
      [best, most] = [index, score];
    }
  }
  return best;
}

/** Asking for what is not indexed is a mistake of the caller, not an empty answer. */
export function checkQuery(collection: string, indexes: readonly string[], query: Query): void {
  const fields = [...Object.keys(query.where ?? {}), query.orderBy ?? 'id'].filter((field) => field !== 'id');
  const known = new Set(indexes.flatMap(fieldsOf));
  for (const field of fields) {
    invariant(known.has(field), `${field} is not in an index of ${collection}`);
  }
  invariant(
    fields.length === 0 || query.where?.['id'] !== undefined || indexFor(indexes, query) !== undefined,
    `no index of ${collection} begins with ${fields.join(' or ')}`,
  );
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
