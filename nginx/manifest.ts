// SPDX-License-Identifier: Apache-2.0
import { sha256 } from '../kernel/index.js';
import type { BundleFile } from './model.js';

const HASH_LENGTH = 64;

const line = (file: BundleFile): string => `${file.sha256} ${file.path}\n`;

/** The digest of a bundle: SHA-256 over the lines `<sha256> <path>\n` in order of path. */
export const manifestDigest = (files: readonly BundleFile[]): string => sha256(files.map(line).join(''));

interface Kept {
  readonly files: readonly BundleFile[];
  readonly bytes: Buffer;
}

/** Manifests that are kept, each about 114 bytes a file. */
const MAX_KEPT = 16;

/**
 * The same digest for bundles that change a little at a time: after a change of one file among ten thousand, only its
 * hash is written anew before the manifest is hashed. `key` names what stays alike, such as a group of agents.
 */
export function manifestDigests(): (key: string, files: readonly BundleFile[]) => string {
  const kept = new Map<string, Kept>();

  /** The kept manifest with the changed hashes, if the paths are the same. */
  const patched = (known: Kept | undefined, files: readonly BundleFile[]): Buffer | undefined => {
    if (known?.files.length !== files.length) {
      return undefined;
    }
    let offset = 0;
    for (const [index, file] of files.entries()) {
      const before = known.files[index];
      if (before !== file) {
        if (before?.path !== file.path) {
          return undefined;
        }
        known.bytes.write(file.sha256, offset, HASH_LENGTH, 'latin1');
      }
      offset += HASH_LENGTH + 2 + file.path.length;
    }
    return known.bytes;
  };

  return (key, files) => {
    const known = kept.get(key);
    // What is patched halfway must not be found again.
    kept.delete(key);
    const bytes = patched(known, files) ?? Buffer.from(files.map(line).join(''), 'latin1');
    const [oldest] = kept.keys();
    if (kept.size >= MAX_KEPT && oldest !== undefined) {
      kept.delete(oldest);
    }
    kept.set(key, { files, bytes });
    return sha256(bytes);
  };
}
