// SPDX-License-Identifier: Apache-2.0
import { sha256 } from '../../kernel/index.js';

/** Bundle path → SHA-256 of the file's bytes, in order of path. */
export type Manifest = ReadonlyMap<string, string>;

export const isSha256 = (text: string): boolean => /^[0-9a-f]{64}$/.test(text);

/**
 * A bundle path is a key, never a path on the disk: the file stands under its hash. It is checked all the same, because
 * it comes back in messages: relative, of `[a-z0-9._/-]`, no empty or dotted segment.
 */
export const isBundlePath = (path: string): boolean =>
  path.length <= 255 &&
  /^[a-z0-9._/-]+$/.test(path) &&
  path.split('/').every((segment) => segment !== '' && segment !== '.' && segment !== '..');

export function manifestOf(entries: Iterable<readonly [string, string]>): Manifest {
  return new Map([...entries].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
}

/** SHA-256 over the lines `<sha256> <path>\n` in order of path. */
export function manifestDigest(manifest: Manifest): string {
  let text = '';
  for (const [path, hash] of manifest) {
    text += `${hash} ${path}\n`;
  }
  return sha256(text);
}
