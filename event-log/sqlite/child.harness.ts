// SPDX-License-Identifier: Apache-2.0
import { type ChildProcess, execFileSync, type SpawnOptions, spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Test } from 'uvu';

export const APPENDER = join(import.meta.dirname, 'appender.harness.js');

/** Whether a program can be run here; a test that needs one which is missing is skipped visibly. */
export function hasProgram(name: string): boolean {
  try {
    execFileSync('which', [name], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** The test, or its skipping where it cannot be run. */
export function testIf(test: Test, possible: boolean): (name: string, body: () => Promise<void>) => void {
  return (name, body) => {
    if (possible) {
      test(name, body);
    } else {
      test.skip(name, body);
    }
  };
}

export interface Child {
  readonly process: ChildProcess;
  /** Complete lines of its output so far. */
  lines(): string[];
  /** Resolves when a line begins so. Rejects when the process ends before. */
  line(start: string): Promise<string>;
  readonly ended: Promise<void>;
}

const LIMIT_MS = 60_000;

export function start(command: string, args: readonly string[], options: SpawnOptions = {}): Child {
  const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let errors = '';
  const watchers = new Set<() => void>();
  const wake = (): void => {
    for (const watcher of watchers) {
      watcher();
    }
  };
  child.stdout?.on('data', (chunk: Buffer) => {
    output += chunk.toString('latin1');
    wake();
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    errors += chunk.toString('latin1');
  });
  const limit = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS);
  const ended = new Promise<void>((done) => {
    child.on('close', () => {
      clearTimeout(limit);
      done();
    });
  });
  const lines = (): string[] => output.split('\n').slice(0, -1);
  const line = (beginning: string): Promise<string> =>
    new Promise((found, reject) => {
      const look = (): void => {
        const match = lines().find((one) => one.startsWith(beginning));
        if (match !== undefined) {
          watchers.delete(look);
          found(match);
        }
      };
      watchers.add(look);
      look();
      void ended.then(() => reject(new Error(`ended without "${beginning}":\n${output}\n${errors}`)));
    });
  return { process: child, lines, line, ended };
}

export const appender = (path: string, clients: number, each: number, options: SpawnOptions = {}): Child =>
  start(process.execPath, [APPENDER, path, String(clients), String(each)], options);

/** What an appender said was stored. */
export interface Acknowledged {
  readonly stream: string;
  readonly revision: number;
  readonly position: number;
  readonly id: string;
}

export function acknowledged(child: Child): Acknowledged[] {
  return child.lines().flatMap((one) => {
    const [stream = '', revision, position, id = ''] = one.split(' ');
    return stream.startsWith('workspace-')
      ? [{ stream, revision: Number(revision), position: Number(position), id }]
      : [];
  });
}
