// SPDX-License-Identifier: Apache-2.0
import { chmodSync, closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';

/** An open log file; what it is called meanwhile does not matter. */
export interface LogFile {
  readonly inode: number;
  size(): number;
  /** Whole lines from this offset on, at most a block of them, with their line feeds; empty when there is none. */
  lines(offset: number): Buffer;
  close(): void;
}

/** Makes a log before nginx does, which would let everybody read it: addresses may hold what is nobody else's business. */
export function prepareLog(path: string): void {
  try {
    closeSync(openSync(path, 'a', 0o600));
    chmodSync(path, 0o600);
  } catch {
    // A full disk keeps nobody from starting.
  }
}

/** Longer than any line that nginx writes within the limits of its request headers. */
const BLOCK = 512 * 1024;
const LINE_FEED = 10;

/** Undefined when it is not there, is no plain file, or may not be read. */
export function openLogFile(path: string): LogFile | undefined {
  let handle: number;
  try {
    // A pipe would have us wait for whoever writes to it.
    handle = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch {
    return undefined;
  }
  const found = fstatSync(handle);
  if (!found.isFile()) {
    closeSync(handle);
    return undefined;
  }
  let block: Buffer | undefined;
  return {
    inode: found.ino,
    size: () => fstatSync(handle).size,
    lines: (offset) => {
      block ??= Buffer.allocUnsafe(BLOCK);
      const read = readSync(handle, block, 0, BLOCK, offset);
      const end = block.lastIndexOf(LINE_FEED, read - 1);
      if (read > 0 && end >= 0 && end < read) {
        return block.subarray(0, end + 1);
      }
      // A block without an end of a line is nothing that we wrote: it is passed over.
      return read === BLOCK ? block : block.subarray(0, 0);
    },
    close: () => closeSync(handle),
  };
}

/** The lines of a block, each with the offset behind it. */
export function* split(block: Buffer): Iterable<{ text: string; end: number }> {
  for (let from = 0; from < block.length; ) {
    const feed = block.indexOf(LINE_FEED, from);
    const end = feed === -1 ? block.length : feed + 1;
    yield { text: block.toString('utf8', from, feed === -1 ? end : feed), end };
    from = end;
  }
}
