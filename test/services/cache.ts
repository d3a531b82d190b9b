/** Where developer services are kept between runs: outside the tree, one folder a version, whole or not there. */
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const root = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'nxmesh');

/**
 * The folder `name` of the cache, filled by `fill` at the first use. What fails or is ended on the way leaves nothing
 * behind that would count as filled; of two that fill it at once, the first wins.
 */
export async function cached(name: string, fill: (folder: string) => Promise<void>): Promise<string> {
  const folder = join(root, name);
  if (existsSync(folder)) {
    return folder;
  }
  mkdirSync(root, { recursive: true });
  const making = mkdtempSync(join(root, `.${name}-`));
  try {
    await fill(making);
    renameSync(making, folder);
  } catch (error) {
    if (!existsSync(folder)) {
      throw error;
    }
  } finally {
    rmSync(making, { recursive: true, force: true });
  }
  return folder;
}
