// SPDX-License-Identifier: Apache-2.0
/**
 * A checksum for each page of the database file. The chain proves the events; this proves the rest of the file too
 * (indexes, unused space), so that no flipped bit stays unseen, and names the page.
 *
 * The database file changes only at checkpoints. Its checksums are written behind each, before the write-ahead log may be
 * overwritten: a page that differs from its checksum is then always in the write-ahead log, whose content counts.
 */
import { closeSync, fdatasyncSync, openSync, readFileSync, readSync, writeSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { replaceFile } from './files.js';

const MAGIC = Buffer.from('nxmesh-sums-1\n\n\n', 'latin1');
const BLOCK = 4096;

export interface Sums {
  /** Takes in the checksums of changed pages and waits for the disk. */
  update(changed: ReadonlyMap<number, number>): void;
  close(): void;
}

/** Pages count from 1. */
const offsetOf = (page: number): number => MAGIC.length + 4 * (page - 1);

export function openSums(path: string): Sums {
  let bytes = readFileSync(path);
  const fd = openSync(path, 'r+');
  return {
    update: (changed) => {
      const end = offsetOf([...changed.keys()].reduce((a, b) => Math.max(a, b), 0) + 1);
      if (end > bytes.length) {
        bytes = Buffer.concat([bytes, Buffer.alloc(end - bytes.length)]);
      }
      const blocks = new Set<number>();
      for (const [page, sum] of changed) {
        const at = offsetOf(page);
        bytes.writeUInt32LE(sum, at);
        blocks.add(Math.floor(at / BLOCK));
      }
      for (const block of blocks) {
        const start = block * BLOCK;
        writeSync(fd, bytes, start, Math.min(BLOCK, bytes.length - start), start);
      }
      fdatasyncSync(fd);
    },
    close: () => closeSync(fd),
  };
}

/** Makes the file, for a database as it stands now. Nobody has it open. */
export function createSums(path: string, db: string): void {
  const sums: number[] = [];
  for (const page of pagesOf(db)) {
    sums.push(crc32(page));
  }
  const bytes = Buffer.alloc(MAGIC.length + 4 * sums.length);
  MAGIC.copy(bytes);
  for (const [index, sum] of sums.entries()) {
    bytes.writeUInt32LE(sum, offsetOf(index + 1));
  }
  replaceFile(path, bytes);
}

/** The pages of a database file that nobody has open. Each is valid until the next. */
function* pagesOf(db: string): Generator<Buffer, void, undefined> {
  const fd = openSync(db, 'r');
  try {
    const header = Buffer.alloc(100);
    readSync(fd, header, 0, 100, 0);
    const size = pageSize(header);
    const buffer = Buffer.alloc(256 * size);
    for (let at = 0; ; ) {
      const length = readSync(fd, buffer, 0, buffer.length, at);
      if (length === 0) {
        return;
      }
      for (let start = 0; start < length; start += size) {
        yield buffer.subarray(start, Math.min(start + size, length));
      }
      at += length;
    }
  } finally {
    closeSync(fd);
  }
}

/** As the header of the file says; where that is damaged, what this house writes. */
function pageSize(header: Buffer): number {
  const size = header.readUInt16BE(16);
  return size >= 512 && (size & (size - 1)) === 0 ? size : 4096;
}

/**
 * What is wrong with the pages of a database file that nobody has open. A page stands as its checksum says, or, when the
 * process ended during a checkpoint, already as the write-ahead log (`newer`) has it.
 */
export function damagedPages(
  path: string,
  db: string,
  newer: ReadonlyMap<number, readonly Uint8Array[]>,
): string[] {
  const bytes = readFileSync(path);
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC) || (bytes.length - MAGIC.length) % 4 !== 0) {
    return ['the file of checksums is damaged'];
  }
  const damage: string[] = [];
  const known = (bytes.length - MAGIC.length) / 4;
  let page = 0;
  for (const content of pagesOf(db)) {
    page += 1;
    const asSummed = page <= known && bytes.readUInt32LE(offsetOf(page)) === crc32(content);
    if (!asSummed && !newer.get(page)?.some((version) => content.equals(version))) {
      damage.push(`page ${page} is not what was written`);
    }
  }
  for (page += 1; page <= known; page += 1) {
    if (!newer.has(page)) {
      damage.push(`page ${page} is missing`);
    }
  }
  return damage;
}
