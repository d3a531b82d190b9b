// SPDX-License-Identifier: Apache-2.0
import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';

export interface Running {
  readonly pid: number;
  readonly exited: Promise<number | null>;
  ended(): boolean;
  /** What it printed so far. */
  output(): string;
  /** Ends it and waits until it is gone. */
  end(signal?: NodeJS.Signals): Promise<void>;
}

const children = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of children) {
    child.kill('SIGKILL');
  }
});

/** Starts a program; it dies with us. `log`: a file that gets what it prints. */
export function start(
  path: string,
  args: readonly string[],
  options: { env?: Readonly<Record<string, string>>; log?: string } = {},
): Running {
  const child = spawn(path, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...options.env },
  });
  children.add(child);
  let text = '';
  const log = options.log === undefined ? undefined : createWriteStream(options.log, { flags: 'a' });
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      text = (text + chunk.toString()).slice(-200_000);
      log?.write(chunk);
    });
  }
  let ended = false;
  const exited = new Promise<number | null>((resolve) => {
    child.on('error', () => resolve(null));
    child.on('exit', (code) => {
      ended = true;
      children.delete(child);
      resolve(code);
    });
  });
  return {
    pid: child.pid ?? 0,
    exited,
    ended: () => ended,
    output: () => text,
    end: async (signal = 'SIGTERM') => {
      child.kill(signal);
      await exited;
    },
  };
}
