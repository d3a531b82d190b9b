// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { EventLog } from '../event-log/index.js';
import { factWriter } from './facts.harness.js';
import { seeded } from './history.harness.js';

/** Fills an empty log with the same 3,000 events, ids included, in every process that does nothing else. */
export async function fixedLog(log: EventLog): Promise<void> {
  const append = factWriter(log);
  for (const [stream, fact] of seeded(7, 3_000)) {
    await append(stream, fact);
  }
}

/** Runs the fixture; kills it so many milliseconds after it started to project. Resolves to what it said. */
export function projectInChild(path: string, killAfterMs?: number): Promise<string> {
  const child = spawn(process.execPath, [fileURLToPath(import.meta.resolve('./crash.fixture.js')), path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return new Promise((done) => {
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      if (killAfterMs !== undefined && said === 'started\n') {
        setTimeout(() => child.kill('SIGKILL'), killAfterMs);
      }
    });
    child.on('close', () => done(said));
  });
}
