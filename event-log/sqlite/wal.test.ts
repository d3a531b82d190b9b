// SPDX-License-Identifier: Apache-2.0
/** Frames that are no longer in use: a write-ahead log that has begun again several times. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Database, openDatabase } from './database.js';
import { newFolder } from './folder.harness.js';
import { readWal } from './wal.js';

const FRAME = 24 + 4096;

function insert(db: Database, rows: number): void {
  db.exec('BEGIN');
  for (let row = 0; row < rows; row += 1) {
    db.exec('INSERT INTO t VALUES (randomblob(3000))');
  }
  db.exec('COMMIT');
}

/** Three rounds of 40, 20 and 8 frames and a few, one over the other. */
function rounds(): Buffer {
  const path = join(newFolder(), 'some.db');
  const db = openDatabase(path, 'read-write');
  db.exec(
    'PRAGMA page_size = 4096; PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; CREATE TABLE t (a)',
  );
  for (const rows of [40, 20, 8]) {
    insert(db, rows);
    if (rows > 8) {
      db.prepare('PRAGMA wal_checkpoint(PASSIVE)').get();
    }
  }
  const bytes = readFileSync(`${path}-wal`);
  db.close();
  return bytes;
}

const frames = (bytes: Buffer): number => (bytes.length - 32) / FRAME;

/** Index of the first frame of an earlier round. */
function firstOld(bytes: Buffer): number {
  const salt = bytes.readUInt32BE(16);
  for (let index = 0; ; index += 1) {
    if (bytes.readUInt32BE(32 + index * FRAME + 8) !== salt) {
      return index;
    }
  }
}

test('leftovers of earlier rounds are no damage', () => {
  const bytes = rounds();
  const old = firstOld(bytes);
  assert.ok(old >= 8 && old < 20 && frames(bytes) > 40);
  const { damage, pages } = readWal(bytes);
  assert.equal(damage, []);
  assert.ok(pages.size > 0 && pages.size <= old);
});

test('a flipped bit is found in every frame, but for what follows from nothing', () => {
  const bytes = rounds();
  const old = firstOld(bytes);
  const unseen: number[] = [];
  for (let index = 0; index < frames(bytes); index += 1) {
    const at = 32 + index * FRAME + 24 + ((index * 97) % 4096);
    bytes[at] = (bytes[at] ?? 0) ^ 4;
    if (readWal(bytes).damage.length === 0) {
      unseen.push(index);
    }
    bytes[at] = (bytes[at] ?? 0) ^ 4;
  }
  // The newest transaction's frames: gone as a whole, which the remembered head tells. The first frames of what is left
  // of earlier rounds: the frame that they followed from is overwritten. Nobody reads those.
  const dead = unseen.filter((index) => index >= old);
  assert.is(dead.length, 2, `unseen: ${unseen.join()}`);
  assert.ok(dead.includes(old));
});

test('a flipped bit in a header is found', () => {
  const bytes = rounds();
  for (let at = 0; at < 32; at += 1) {
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    assert.ok(readWal(bytes).damage.length > 0, `byte ${at}`);
    bytes[at] = (bytes[at] ?? 0) ^ 1;
  }
});

test('what a crash leaves is no damage', () => {
  const bytes = rounds();
  const old = firstOld(bytes);
  for (const length of [0, 32 + old * FRAME, 32 + (old - 1) * FRAME, 32 + old * FRAME - 100]) {
    assert.equal(readWal(bytes.subarray(0, length)).damage, [], `${length} bytes`);
  }
  // The next frame's header was written, its page not.
  const torn = Buffer.from(bytes);
  bytes.copy(torn, 32 + old * FRAME, 32, 32 + 24);
  assert.equal(readWal(torn).damage, []);
});

test.run();
