// SPDX-License-Identifier: Apache-2.0
/**
 * The head of the log, remembered outside the database: damaged frames of a write-ahead log vanish without an error,
 * and an older copy of the file looks as good as new. What is remembered here must be in the database.
 *
 * Written after each commit, without an fsync of its own: it may lag behind the database (a crash between the commit and
 * this write, a power cut before the kernel wrote it), never run ahead of it, so that a crash is no false alarm.
 * Two slots are written in turn, each in a block of its own and with a checksum: a torn write leaves the other.
 */
import { closeSync, fdatasyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import { sha256 } from '../../kernel/index.js';
import { replaceFile } from './files.js';

export interface Head {
  readonly position: number;
  /** Hexadecimal. */
  readonly hash: string;
}

const SLOT = 4096;
const SIZE = 2 * SLOT;
const MAGIC = 'nxmesh-log-head-1';

export interface HeadFile {
  remember(head: Head): void;
  /** Waits for the disk; at start and close, off the way of a commit. */
  sync(): void;
  close(): void;
}

/** Makes the file or continues it. `current` is remembered at once and durably. */
export function openHeadFile(path: string, current: Head): HeadFile {
  replaceFile(path, Buffer.concat([slotOf(current), slotOf(current)]));
  const fd = openSync(path, 'r+');
  let turn = 0;
  return {
    remember: (head) => {
      if (writeSync(fd, slotOf(head), 0, SLOT, turn * SLOT) !== SLOT) {
        throw new Error(`${path} was written in part`);
      }
      turn = 1 - turn;
    },
    sync: () => fdatasyncSync(fd),
    close: () => closeSync(fd),
  };
}

function slotOf(head: Head): Buffer {
  const slot = Buffer.alloc(SLOT, ' ');
  slot.write(encode(head), 'latin1');
  return slot;
}

function encode(head: Head): string {
  const text = `${MAGIC} ${head.position} ${head.hash}`;
  return `${text} ${sha256(text)}\n`;
}

const LINE = /^(nxmesh-log-head-1 ([0-9]{1,16}) ([0-9a-f]{64})) ([0-9a-f]{64})\n *$/;

function decode(slot: Buffer): Head | undefined {
  const match = LINE.exec(slot.toString('latin1'));
  const [, text = '', position = '', hash = '', sum = ''] = match ?? [];
  return match && sha256(text) === sum ? { position: Number(position), hash } : undefined;
}

export type Remembered =
  | { readonly kind: 'none' }
  /** `damaged` names the slots that cannot be read; a power cut may leave one. */
  | { readonly kind: 'head'; readonly head: Head; readonly damaged: readonly number[] }
  | { readonly kind: 'unreadable' };

export function readHead(path: string): Remembered {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      return { kind: 'none' };
    }
    throw error;
  }
  const slots = [decode(bytes.subarray(0, SLOT)), decode(bytes.subarray(SLOT))];
  const damaged = slots.flatMap((slot, index) => (slot === undefined ? [index + 1] : []));
  const heads = slots.filter((slot) => slot !== undefined).sort((a, b) => b.position - a.position);
  const head = heads[0];
  return head === undefined || bytes.length !== SIZE
    ? { kind: 'unreadable' }
    : { kind: 'head', head, damaged };
}
