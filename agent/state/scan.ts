// SPDX-License-Identifier: Apache-2.0
import { existsSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { sha256 } from '../../kernel/index.js';
import { isBundlePath, isSha256, type Manifest, manifestDigest, manifestOf } from './manifest.js';

/** Stands for "nothing yet" where a running nginx includes our file before the first bundle has come. */
export const EMPTY = 'empty';

/** The files whose bytes are those of their names; every other one is removed. */
export function scanFiles(folder: string): Set<string> {
  const files = new Set<string>();
  for (const name of readdirSync(folder)) {
    if (isSha256(name) && isWhole(folder, name)) {
      files.add(name);
    } else {
      rmSync(join(folder, name), { force: true, recursive: true });
    }
  }
  return files;
}

/** Whether the bytes of a file are those of its name; of one that cannot be read they are not. */
export function isWhole(folder: string, hash: string): boolean {
  try {
    return sha256(readFileSync(join(folder, hash))) === hash;
  } catch {
    return false;
  }
}

/** Digests of the bundles, oldest first; what a crash left half-made is removed. */
export function scanBundles(folder: string): string[] {
  const made = new Map<string, number>();
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (isSha256(name) || name === EMPTY) {
      made.set(name, statSync(path).mtimeMs);
    } else {
      rmSync(path, { force: true, recursive: true });
    }
  }
  return [...made].sort(([, a], [, b]) => a - b).map(([name]) => name);
}

/** Undefined when it is not there, or not the manifest of this digest. */
export function readManifest(path: string, digest: string): Manifest | undefined {
  try {
    const manifest = manifestOf(JSON.parse(readFileSync(path, 'utf8')) as [string, string][]);
    const sound = [...manifest].every(([name, hash]) => isBundlePath(name) && isSha256(hash));
    return sound && manifestDigest(manifest) === digest ? manifest : undefined;
  } catch {
    return undefined;
  }
}

/** Digest of the bundle that a link points to; undefined when it points nowhere. */
export function linkedDigest(link: string): string | undefined {
  try {
    const digest = basename(readlinkSync(link));
    return existsSync(link) ? digest : undefined;
  } catch {
    return undefined;
  }
}
