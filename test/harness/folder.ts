// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder of the test's own; `remove` when it is over. */
export function folder(name: string): { path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), `nxmesh-${name}-`));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}
