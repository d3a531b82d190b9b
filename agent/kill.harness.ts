// SPDX-License-Identifier: Apache-2.0
/**
 * A process to be killed: opens the state folder, recovers, applies one update, ends. Arguments: state folder and the
 * update's files as JSON. `NXMESH_FAILPOINT` names where it dies; it says `done <status>` if it does not.
 */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { failpointFrom } from './failpoint.js';
import { openBench, updateOf } from './nginx.harness.js';

export interface Ended {
  readonly signal: string | null;
  readonly output: string;
}

export function runKilled(
  stateDir: string,
  files: Record<string, string>,
  failpoint: string,
  as: { uid?: number; gid?: number } = {},
): Promise<Ended> {
  return new Promise((done, fail) => {
    const child = spawn(process.execPath, [fileURLToPath(import.meta.url), stateDir, JSON.stringify(files)], {
      ...as,
      env: { ...process.env, NXMESH_FAILPOINT: failpoint },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.on('error', fail);
    child.on('close', (_code, signal) => done({ signal, output }));
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [stateDir = '', files = '{}'] = process.argv.slice(2);
  const bench = await openBench(stateDir, { failpoint: failpointFrom(process.env.NXMESH_FAILPOINT) });
  await bench.core.conductor.recover();
  const outcome = await bench.apply(updateOf(JSON.parse(files) as Record<string, string>));
  console.log(`done ${outcome.status}`);
  bench.core.close();
}
