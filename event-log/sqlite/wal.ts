// SPDX-License-Identifier: Apache-2.0
/**
 * SQLite's write-ahead log, read as it stands on the disk. SQLite takes the first frame whose checksum fails for the end
 * of the log and says nothing; here such a frame is told apart from the end that a crash leaves.
 * Format: https://www.sqlite.org/fileformat2.html#the_write_ahead_log
 */
import { PAGE_SIZE } from './schema.js';

const HEADER = 32;
export const FRAME_HEADER = 24;
const LITTLE_ENDIAN = 0x377f0682;
const BIG_ENDIAN = 0x377f0683;

/** Where a frame of the log's own page size begins. */
export const frameOffset = (index: number): number => HEADER + index * (FRAME_HEADER + PAGE_SIZE);

export interface WalContent {
  /** Page number → its committed contents, the newest last. */
  readonly pages: ReadonlyMap<number, readonly Uint8Array[]>;
  /** What is wrong in it, in words. */
  readonly damage: readonly string[];
}

type Sum = readonly [number, number];

interface Frame {
  readonly page: number;
  readonly isCommit: boolean;
  readonly salt1: number;
  readonly salt2: number;
  readonly sum: Sum;
  readonly content: Buffer;
  /** Whether the frame's checksum is the one it has behind a frame that ends with `before`. */
  follows(before: Sum): boolean;
}

export function readWal(bytes: Buffer): WalContent {
  if (bytes.length === 0) {
    return { pages: new Map(), damage: [] };
  }
  const header = headerOf(bytes);
  if (!header) {
    return { pages: new Map(), damage: ['its header is damaged'] };
  }
  const frames = framesOf(bytes, header.pageSize, header.little);
  const isCurrent = (frame: Frame): boolean => frame.salt1 === header.salt1 && frame.salt2 === header.salt2;

  let end = 0;
  let { sum } = header;
  for (const frame of frames) {
    if (!isCurrent(frame) || !frame.follows(sum)) {
      break;
    }
    sum = frame.sum;
    end += 1;
  }
  const committed = frames.slice(0, end).findLastIndex((frame) => frame.isCommit) + 1;
  const pages = new Map<number, Uint8Array[]>();
  for (const { page, content } of frames.slice(0, committed)) {
    pages.set(page, [...(pages.get(page) ?? []), content]);
  }
  const rest = frames.slice(end);
  // A crash in the middle of a transaction leaves frames of this round, but none that completes a transaction.
  const lost = rest.some((frame, at) => {
    const before = rest[at - 1];
    return frame.isCommit && isCurrent(frame) && before && isCurrent(before) && frame.follows(before.sum);
  });
  if (lost) {
    const where = `frame ${end + 1} (page ${frames[end]?.page} of the database)`;
    return { pages, damage: [`${where} is damaged, and with it all behind it is lost`] };
  }
  const broken = brokenLeftover(rest.filter((frame) => !isCurrent(frame)));
  return { pages, damage: broken ? [`a frame of page ${broken.page}, no longer in use, is damaged`] : [] };
}

/**
 * Behind the end stand frames of earlier rounds, all of them long in the database. Each still follows from the one before
 * it, or begins what is left of a still earlier round: the first salt grows by one from round to round.
 */
function brokenLeftover(frames: readonly Frame[]): Frame | undefined {
  return frames.find((frame, at) => {
    const before = frames[at - 1];
    if (!before) {
      return false;
    }
    const sameRound = frame.salt1 === before.salt1 && frame.salt2 === before.salt2;
    const older = (before.salt1 - frame.salt1) >>> 0;
    return sameRound ? !frame.follows(before.sum) : older === 0 || older > 0x7fffffff;
  });
}

function headerOf(bytes: Buffer) {
  if (bytes.length < HEADER) {
    return undefined;
  }
  const magic = bytes.readUInt32BE(0);
  const little = magic === LITTLE_ENDIAN;
  const sum: Sum = [bytes.readUInt32BE(24), bytes.readUInt32BE(28)];
  const sound = (little || magic === BIG_ENDIAN) && same(summed([0, 0], bytes.subarray(0, 24), little), sum);
  const [pageSize, salt1, salt2] = [8, 16, 20].map((at) => bytes.readUInt32BE(at)) as [
    number,
    number,
    number,
  ];
  return sound ? { little, sum, pageSize, salt1, salt2 } : undefined;
}

function framesOf(bytes: Buffer, pageSize: number, little: boolean): Frame[] {
  const size = FRAME_HEADER + pageSize;
  return Array.from({ length: Math.floor((bytes.length - HEADER) / size) }, (_, index) => {
    const frame = bytes.subarray(HEADER + index * size, HEADER + (index + 1) * size);
    const sum: Sum = [frame.readUInt32BE(16), frame.readUInt32BE(20)];
    const content = frame.subarray(FRAME_HEADER);
    return {
      page: frame.readUInt32BE(0),
      isCommit: frame.readUInt32BE(4) !== 0,
      salt1: frame.readUInt32BE(8),
      salt2: frame.readUInt32BE(12),
      sum,
      content,
      follows: (before) => same(summed(summed(before, frame.subarray(0, 8), little), content, little), sum),
    };
  });
}

const same = (a: Sum, b: Sum): boolean => a[0] === b[0] && a[1] === b[1];

function summed(before: Sum, bytes: Buffer, little: boolean): Sum {
  let [one, two] = before;
  for (let at = 0; at < bytes.length; at += 8) {
    one = (one + two + (little ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at))) >>> 0;
    two = (two + one + (little ? bytes.readUInt32LE(at + 4) : bytes.readUInt32BE(at + 4))) >>> 0;
  }
  return [one, two];
}
