import { closeSync, fsyncSync, openSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * The file operations that survive a loss of power. They are synchronous: each takes well under a millisecond on a
 * disk that is not stuck, and their order is the whole point.
 */

export function fsyncPath(path: string): void {
  const handle = openSync(path, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** Writes a new file and its bytes' durability; the name is durable after `fsyncPath` of the folder. */
export function writeSynced(path: string, content: string | Uint8Array, mode = 0o600): void {
  const handle = openSync(path, 'w', mode);
  try {
    writeFileSync(handle, content);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** Replaces a file whole: after a crash it has the old content or the new, never part of one. */
export function replaceFile(path: string, content: string | Uint8Array, mode = 0o600): void {
  const next = `${path}.next`;
  writeSynced(next, content, mode);
  renameSync(next, path);
  fsyncPath(dirname(path));
}

/** Points a symbolic link elsewhere in one step. */
export function replaceLink(path: string, target: string): void {
  const next = `${path}.next`;
  rmSync(next, { force: true });
  symlinkSync(target, next);
  renameSync(next, path);
  fsyncPath(dirname(path));
}
