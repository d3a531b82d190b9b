// SPDX-License-Identifier: Apache-2.0
/** Programs that tests need, made once and kept outside the tree. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { until } from '../harness/until.js';

export const cacheFolder = (): string =>
  join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'nxmesh');

/** A short name for what these files hold now. */
export function fingerprint(files: readonly string[]): string {
  const hash = createHash('sha256');
  for (const file of files) {
    hash.update(readFileSync(file)).update('\0');
  }
  return hash.digest('hex').slice(0, 16);
}

export interface Ran {
  /** Null when it could not be started or was ended. */
  readonly code: number | null;
  readonly output: string;
}

/** Runs a program to its end, or ends it at the deadline. */
export function run(
  program: string,
  args: readonly string[],
  options: { cwd?: string; env?: Readonly<Record<string, string>>; deadlineMs: number },
): Promise<Ran> {
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    // Not `spawn`'s own: that one stays behind when there is no such program.
    const timer = setTimeout(() => child.kill('SIGKILL'), options.deadlineMs);
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        output = (output + chunk.toString()).slice(-4_000);
      });
    }
    const finish = (ran: Ran): void => {
      clearTimeout(timer);
      resolve(ran);
    };
    child.on('error', (error) => finish({ code: null, output: error.message }));
    child.on('close', (code) => finish({ code, output }));
  });
}

const MAKE_MS = 900_000;

/**
 * The path of what `make` puts at the path it is given; made once, also when several ask at once. A half-made one is
 * never seen. Undefined when `make` gives false.
 */
export async function cached(
  name: string,
  make: (path: string) => Promise<boolean>,
): Promise<string | undefined> {
  const path = join(cacheFolder(), name);
  const lock = `${path}.lock`;
  mkdirSync(cacheFolder(), { recursive: true });
  await until(
    `another process to make ${path}`,
    () => {
      if (existsSync(lock) && Date.now() - statSync(lock).mtimeMs > MAKE_MS) {
        // Whoever had it was killed.
        rmSync(lock, { recursive: true, force: true });
      }
      if (existsSync(path)) {
        return true;
      }
      mkdirSync(lock);
      return true;
    },
    MAKE_MS,
    200,
  );
  if (existsSync(path)) {
    return path;
  }
  const unfinished = join(lock, 'made');
  try {
    if (!(await make(unfinished))) {
      return undefined;
    }
    renameSync(unfinished, path);
    return path;
  } finally {
    rmSync(lock, { recursive: true, force: true });
  }
}
