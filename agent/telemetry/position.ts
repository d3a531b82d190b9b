// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { placeFile } from '../state/durable.js';
import type { Minute, Minutes } from './minutes.js';

/**
 * How far the access log has been read. Positions count bytes over all files that nginx has ever written, so that one
 * number says where a line stands however often the log was rotated.
 */
export interface Position {
  /** Names the log in which positions count; a new one when the old was lost. */
  source: string;
  /** Inode of the file that is being read, 0 before there is one, and the position of its first byte. */
  file: number;
  base: number;
  /** Lines up to here are in `minutes`. */
  counted: number;
  /** Lines up to here are with the master, or were left out. */
  shipped: number;
}

interface Stored extends Position {
  readonly minutes: readonly (readonly [number, Minute])[];
}

export interface Progress {
  readonly position: Position;
  readonly minutes: Minutes;
}

const count = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

/** What a process before us has kept; a fresh start when there is nothing, or nothing that can be read. */
export function loadProgress(path: string, newSource: () => string): Progress {
  try {
    const { source, file, base, counted, shipped, minutes } = JSON.parse(
      readFileSync(path, 'utf8'),
    ) as Stored;
    if (typeof source === 'string' && [file, base, counted, shipped].every(count) && shipped <= counted) {
      return { position: { source, file, base, counted, shipped }, minutes: new Map(minutes) };
    }
  } catch {
    // Nothing is there yet, or a full disk cut it: counting begins anew.
  }
  return {
    position: { source: newSource(), file: 0, base: 0, counted: 0, shipped: 0 },
    minutes: new Map(),
  };
}

/**
 * Kept whole, so that position and counters always belong together: whoever is killed reads on from here and counts
 * the same again. Not flushed: a loss of power takes the log's last seconds too.
 */
export function saveProgress(path: string, { position, minutes }: Progress): void {
  const stored: Stored = { ...position, minutes: [...minutes] };
  placeFile(path, JSON.stringify(stored));
}
