// SPDX-License-Identifier: Apache-2.0
import { closeSync, openSync } from 'node:fs';
import type { RunTool } from '../run-tool.js';
import { StateFolderError } from './layout.js';

const LOCK_MS = 10_000;
/** What `flock -n` ends with where somebody else holds it. */
const HELD = 1;

/**
 * One agent a state folder. The lock is on the folder itself, which nobody else may open: the kernel gives it to one
 * process and takes it back however that process ends, so nothing stale can stay behind and no file can be removed.
 * Node has no call for it; it belongs to the open folder, so it stays ours when the program that asked for it has ended.
 * Returns what releases it.
 */
export async function lockStateFolder(root: string, runTool: RunTool): Promise<() => void> {
  const handle = openSync(root, 'r');
  const { code, stderr } = await runTool('/usr/bin/flock', ['-n', '3'], {
    cwd: root,
    timeoutMs: LOCK_MS,
    handle,
  });
  if (code === 0) {
    return () => closeSync(handle);
  }
  closeSync(handle);
  throw new StateFolderError(
    code === HELD
      ? `another agent is running on the state folder ${root}`
      : `the state folder ${root} cannot be locked: ${stderr.trim()}`,
  );
}
