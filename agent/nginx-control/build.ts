// SPDX-License-Identifier: Apache-2.0
import { type NginxBuild, parseNginxVersion } from '../../nginx/index.js';
import type { RunTool } from '../run-tool.js';
import { SettingsError } from '../settings.js';

const VERSION_MS = 10_000;

/** Asks nginx what it is (`nginx -V`). Throws SettingsError when it is none, or does not run. */
export async function nginxBuild(runTool: RunTool, nginx: string): Promise<NginxBuild> {
  const result = await runTool(nginx, ['-V'], { cwd: '/', timeoutMs: VERSION_MS });
  const build = parseNginxVersion(result.stderr);
  if (result.code !== 0 || build === undefined) {
    throw new SettingsError(`${nginx} is not an nginx that runs: ${result.stderr.slice(0, 200).trim()}`);
  }
  return build;
}
