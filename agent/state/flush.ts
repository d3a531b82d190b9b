// SPDX-License-Identifier: Apache-2.0
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { RunTool } from '../run-tool.js';

const AT_ONCE = 16;
/** From so many files on, one flush of the whole file system takes less than one of each. */
const MANY = 256;
const SYNC_MS = 120_000;

/**
 * Makes files, and the names in folders, durable. Rejects with the disk's error. They are flushed side by side: the
 * disk takes twenty in the time of two or three one after the other.
 */
export function createFlush(runTool: RunTool): (paths: readonly string[]) => Promise<void> {
  return async (paths) => {
    const [first] = paths;
    if (paths.length >= MANY && first !== undefined) {
      const result = await runTool('/usr/bin/sync', ['-f', first], {
        cwd: dirname(first),
        timeoutMs: SYNC_MS,
      });
      if (result.code === 0) {
        return;
      }
    }
    const waiting = [...paths];
    const worker = async (): Promise<void> => {
      for (let path = waiting.shift(); path !== undefined; path = waiting.shift()) {
        const handle = await open(path, 'r');
        try {
          await handle.sync();
        } finally {
          await handle.close();
        }
      }
    };
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, paths.length) }, worker));
  };
}
