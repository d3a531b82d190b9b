// SPDX-License-Identifier: Apache-2.0
import { randomUUID } from 'node:crypto';
import { checkCommit } from '../documents.js';
import type { Commit, CommitResult } from '../port.js';
import { type Change, changesOf, writeAll, writeGuarded } from './changes.js';
import type { Collections } from './collections.js';
import type { Database, Pending } from './database.js';
import { positionText } from './values.js';

/** The server takes documents up to 16 MiB, and characters may take up to four bytes. */
const PART_LENGTH = 3_500_000;

export interface Commits {
  commit(commit: Commit): Promise<CommitResult>;
  /** Brings to its end what an earlier commit decided. */
  finish(projection: string, pending: Pending): Promise<void>;
  forget(projection: string): Promise<void>;
}

function parts(changes: readonly Change[]): readonly string[] {
  const done: string[] = [];
  let part: string[] = [];
  let length = 0;
  for (const change of changes) {
    const text = JSON.stringify(change);
    if (length > 0 && length + text.length > PART_LENGTH) {
      done.push(`[${part.join(',')}]`);
      [part, length] = [[], 0];
    }
    part.push(text);
    length += text.length;
  }
  return [...done, `[${part.join(',')}]`];
}

export function mongoCommits(database: Database, collections: Collections): Commits {
  const { control, intents, client } = database;

  /** Only the newest owner, only from the stated checkpoint, only when nothing is half done. */
  const mine = ({ projection, epoch, from }: Commit) => ({
    _id: projection,
    epoch,
    position: positionText(from),
    pending: { $exists: false },
  });

  async function finish(projection: string, pending: Pending): Promise<void> {
    const found = await intents.find({ intent: pending.id }).sort({ _id: 1 }).toArray();
    for (const { changes } of found) {
      await writeGuarded(database, JSON.parse(changes) as Change[], pending.to);
    }
    await settle(projection, pending);
  }

  async function settle(projection: string, { id, to }: Pending): Promise<void> {
    await control.updateOne(
      { _id: projection, 'pending.id': id },
      { $set: { position: to }, $unset: { pending: '' } },
    );
    await intents.deleteMany({ intent: id });
  }

  async function refusal({ projection, epoch }: Commit): Promise<CommitResult> {
    const found = await control.findOne({ _id: projection });
    if (found?.epoch !== epoch) {
      return { ok: false, why: 'fenced', at: BigInt(found?.position ?? 0) };
    }
    if (found.pending) {
      // Ours, and its answer was lost, or of an owner before us that got no further.
      await finish(projection, found.pending);
    }
    return { ok: false, why: 'moved', at: BigInt(found.pending?.to ?? found.position) };
  }

  async function inTransaction(commit: Commit, changes: readonly Change[]): Promise<boolean> {
    const to = positionText(commit.to);
    return client.withSession((session) =>
      session.withTransaction(async () => {
        const { matchedCount } = await control.updateOne(
          mine(commit),
          { $set: { position: to } },
          { session },
        );
        if (matchedCount === 1) {
          await writeAll(database, changes, to, session);
        }
        return matchedCount === 1;
      }),
    );
  }

  async function withIntent(commit: Commit, changes: readonly Change[]): Promise<boolean> {
    const [id, to] = [randomUUID(), positionText(commit.to)];
    if (changes.length === 0) {
      const { matchedCount } = await control.updateOne(mine(commit), { $set: { position: to } });
      return matchedCount === 1;
    }
    const { projection } = commit;
    for (const [n, part] of parts(changes).entries()) {
      const _id = `${id}/${String(n).padStart(6, '0')}`;
      await intents.insertOne({ _id, intent: id, projection, changes: part });
    }
    // From here on it will be done, by us or by whoever comes next.
    const decided = await control.updateOne(mine(commit), { $set: { pending: { id, to } } });
    if (decided.matchedCount === 0) {
      await intents.deleteMany({ intent: id });
      return false;
    }
    await writeGuarded(database, changes, to);
    await settle(projection, { id, to });
    return true;
  }

  return {
    finish,
    commit: async (commit) => {
      checkCommit(commit);
      const changes = await changesOf(collections, commit.ops);
      const done = database.transactions ? inTransaction(commit, changes) : withIntent(commit, changes);
      return (await done) ? { ok: true } : refusal(commit);
    },
    forget: async (projection) => {
      await control.updateOne(
        { _id: projection },
        { $set: { position: positionText(0n) }, $unset: { pending: '' } },
      );
      await intents.deleteMany({ projection });
    },
  };
}
