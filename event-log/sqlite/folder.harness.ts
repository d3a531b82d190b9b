// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Folders for a test file; all are removed when it ends. */
const folders: string[] = [];

process.on('exit', () => {
  for (const folder of folders) {
    rmSync(folder, { recursive: true, force: true });
  }
});

export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'nxmesh-log-'));
  folders.push(folder);
  return folder;
}

/** Path of a log that does not exist yet. */
export const newLogPath = (): string => join(newFolder(), 'events.db');
