// SPDX-License-Identifier: Apache-2.0
import type { Pace } from '../../kernel/index.js';
import type { Bundle } from '../../nginx/index.js';
import { unifiedDiff } from './lines.js';

export interface FileDiff {
  readonly path: string;
  readonly before_sha256: string | null;
  readonly after_sha256: string | null;
  readonly diff: string;
}

/** The files that differ, in order of path. */
export async function fileDiffs(
  before: Bundle | null,
  after: Bundle | null,
  breathe: Pace,
): Promise<readonly FileDiff[]> {
  const old = new Map(before?.files.map((file) => [file.path, file]));
  const now = new Map(after?.files.map((file) => [file.path, file]));
  const found: FileDiff[] = [];
  for (const path of [...new Set([...old.keys(), ...now.keys()])].sort()) {
    const [a, b] = [old.get(path), now.get(path)];
    if (a?.sha256 !== b?.sha256) {
      found.push({
        path,
        before_sha256: a?.sha256 ?? null,
        after_sha256: b?.sha256 ?? null,
        diff: unifiedDiff(path, a?.content ?? null, b?.content ?? null),
      });
      await breathe();
    }
  }
  return found;
}
