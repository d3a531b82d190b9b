// SPDX-License-Identifier: Apache-2.0
import type { AnyBulkWriteOperation, ClientSession } from 'mongodb';
import { serialize } from '../documents.js';
import type { Op } from '../port.js';
import type { Collections } from './collections.js';
import { type Database, inSession, type StoredDoc } from './database.js';
import { encode } from './values.js';

/** What is to become of one document: its JSON text, or null for its end. */
export interface Change {
  readonly physical: string;
  readonly id: string;
  readonly text: string | null;
}

type Write = AnyBulkWriteOperation<StoredDoc>;

/** The last operation on each document. Everything that can be wrong with them is found here, before any write. */
export async function changesOf(collections: Collections, ops: readonly Op[]): Promise<readonly Change[]> {
  const names = [...new Set(ops.map((op) => op.collection))];
  const found = await Promise.all(names.map((name) => collections.lookup(name)));
  const physical = new Map(found.map((one) => [one._id, one.physical]));
  const last = new Map<string, Change>();
  for (const op of ops) {
    const id = op.kind === 'put' ? op.doc.id : op.id;
    const change = {
      physical: physical.get(op.collection) ?? '',
      id,
      text: op.kind === 'put' ? serialize(op.doc) : null,
    };
    last.set(`${change.physical} ${id}`, change);
  }
  return [...last.values()];
}

function grouped(changes: readonly Change[]): ReadonlyMap<string, readonly Change[]> {
  const groups = new Map<string, Change[]>();
  for (const change of changes) {
    const group = groups.get(change.physical);
    if (group) {
      group.push(change);
    } else {
      groups.set(change.physical, [change]);
    }
  }
  return groups;
}

async function writeEach(
  database: Database,
  changes: readonly Change[],
  write: (change: Change) => Write,
  session?: ClientSession,
): Promise<void> {
  for (const [physical, group] of grouped(changes)) {
    await database.docs(physical).bulkWrite(group.map(write), { ordered: false, ...inSession(session) });
  }
}

/** Within a transaction, or where the last write wins: outside projections `at` is the empty text. */
export const writeAll = (
  database: Database,
  changes: readonly Change[],
  at: string,
  session?: ClientSession,
): Promise<void> =>
  writeEach(
    database,
    changes,
    ({ id, text }) =>
      text === null
        ? { deleteOne: { filter: { _id: id } } }
        : {
            replaceOne: {
              filter: { _id: id },
              replacement: { state: { at, doc: encode(text) } },
              upsert: true,
            },
          },
    session,
  );

/**
 * Without a transaction: a document that stands for a later position stays as it is, however late this writer is.
 * `$max` compares objects by their first field first, which is the position. Deleting leaves a stone, because nothing
 * else would keep a late writer from making the document again.
 */
export const writeGuarded = (database: Database, changes: readonly Change[], at: string): Promise<void> =>
  writeEach(database, changes, ({ id, text }) => {
    const state = text === null ? { at } : { at, doc: encode(text) };
    return { updateOne: { filter: { _id: id }, update: { $max: { state } }, upsert: true } };
  });
