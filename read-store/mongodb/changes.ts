import type { AnyBulkWriteOperation, ClientSession } from 'mongodb';
import { serialize } from '../documents.js';
import { StoreUnavailable } from '../errors.js';
import type { Op } from '../port.js';
import type { Collections } from './collections.js';
import { type Database, inSession, type StoredDoc } from './database.js';
import { DUPLICATE_KEY, hasCode } from './errors.js';
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

/** Within a transaction, or where the last write wins. `at` is left out outside projections. */
export async function writeAll(
  database: Database,
  changes: readonly Change[],
  at: string | undefined,
  session?: ClientSession,
): Promise<void> {
  const stamp = at === undefined ? {} : { at };
  const write = ({ id, text }: Change): Write =>
    text === null
      ? { deleteOne: { filter: { _id: id } } }
      : {
          replaceOne: { filter: { _id: id }, replacement: { ...stamp, doc: encode(text) }, upsert: true },
        };
  for (const [physical, group] of grouped(changes)) {
    await database.docs(physical).bulkWrite(group.map(write), { ordered: false, ...inSession(session) });
  }
}

/** How often two writers may meet on new documents; each time one of them is done. */
const MEETINGS = 5;

/**
 * Without a transaction: a document that stands for a later position stays as it is, however late this writer is.
 * Deleting leaves a stone, because nothing else would keep a late writer from making the document again.
 */
export async function writeGuarded(
  database: Database,
  changes: readonly Change[],
  at: string,
): Promise<void> {
  const write = ({ id, text }: Change): Write => ({
    replaceOne: {
      filter: { _id: id, at: { $not: { $gt: at } } },
      replacement: text === null ? { at } : { at, doc: encode(text) },
      upsert: true,
    },
  });
  for (const [physical, group] of grouped(changes)) {
    const docs = database.docs(physical);
    let remaining = group;
    for (let meeting = 1; remaining.length > 0; meeting++) {
      try {
        await docs.bulkWrite(remaining.map(write), { ordered: false });
        break;
      } catch (error) {
        if (!hasCode(error, DUPLICATE_KEY)) {
          throw error;
        }
        // Some are there in a later state, or another writer made them just now: the former are left out.
        const ids = remaining.map((one) => one.id);
        const newer = await docs
          .find({ _id: { $in: ids }, at: { $gt: at } }, { projection: { _id: 1 } })
          .toArray();
        const left = new Set(newer.map((one) => one._id));
        remaining = remaining.filter((one) => !left.has(one.id));
        if (meeting === MEETINGS) {
          throw new StoreUnavailable(`${database.where}: two writers meet again and again`, { cause: error });
        }
      }
    }
  }
}
