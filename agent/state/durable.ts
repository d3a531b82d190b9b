// SPDX-License-Identifier: Apache-2.0
import { closeSync, fsyncSync, openSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * The file operations that survive `kill -9` and a loss of power. What must be whole is written under another name
 * and renamed; what must be durable is flushed before the step that relies on it, many files together: a disk takes
 * one flush of twenty files in the time of two or three single ones.
 */

export function fsyncPath(path: string): void {
  const handle = openSync(path, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** Puts a file in its place whole; durable after `flush` of the file and its folder. */
export function placeFile(path: string, content: string | Uint8Array, mode = 0o600): void {
  const next = `${path}.next`;
  try {
    writeFileSync(next, content, { mode });
    renameSync(next, path);
  } catch (error) {
    // What a full disk leaves half-made takes room that somebody needs.
    rmSync(next, { force: true });
    throw error;
  }
}

/** Replaces a file whole, durable on return. */
export function replaceFile(path: string, content: string | Uint8Array, mode = 0o600): void {
  const next = `${path}.next`;
  try {
    writeFileSync(next, content, { mode });
    fsyncPath(next);
    renameSync(next, path);
  } catch (error) {
    rmSync(next, { force: true });
    throw error;
  }
  fsyncPath(dirname(path));
}

/** Points a symbolic link elsewhere in one step; durable after `fsyncPath` of its folder. */
export function replaceLink(path: string, target: string): void {
  const next = `${path}.next`;
  rmSync(next, { force: true });
  symlinkSync(target, next);
  renameSync(next, path);
}
