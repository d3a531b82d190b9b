// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { type Clock, errorMessage, type Timers } from '../kernel/index.js';

interface ToolOptions {
  /** After this many milliseconds the process and its whole group are killed. */
  readonly timeoutMs: number;
  readonly cwd: string;
  /** Added to the clean environment; the agent's own variables are never inherited. */
  readonly env?: Readonly<Record<string, string>>;
  /** Bytes kept of each output; what follows is read and dropped. */
  readonly maxOutput?: number;
  readonly signal?: AbortSignal;
  /** An open file of ours that the tool gets as its descriptor 3. */
  readonly handle?: number;
}

export interface ToolResult {
  /** Exit code, or null when a signal ended it or it could not be started. */
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly timedOut: boolean;
  readonly ms: number;
}

export type RunTool = (path: string, args: readonly string[], options: ToolOptions) => Promise<ToolResult>;

/** No `NGINX` (inherited sockets), no `LD_*`, no proxies: only what a tool needs to find its libraries and to print. */
const CLEAN = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LANG: 'C', LC_ALL: 'C', TZ: 'UTC' };

/** How long after the exit output may still come: a daemon that was started keeps the pipe open for ever. */
const DRAIN_MS = 50;

/**
 * The one place where processes are started: a path and arguments, never a shell; standard input is empty; a process
 * group of its own, killed whole at the time limit, so that nothing that hangs stays behind. Never rejects: a tool that
 * cannot be started has `code` null and says why in `stderr`.
 */
export function createRunTool(deps: { clock: Clock; timers: Timers }): RunTool {
  return (path, args, options) =>
    new Promise((done) => {
      const started = deps.clock.monotonic();
      const child = spawn(path, [...args], {
        cwd: options.cwd,
        env: { ...CLEAN, ...options.env },
        stdio: ['ignore', 'pipe', 'pipe', ...(options.handle === undefined ? [] : [options.handle])],
        detached: true,
      });
      // Without a descriptor to spare there are no pipes, whatever the types say; the error follows.
      const pipes: { stdout?: Readable | null; stderr?: Readable | null } = child;
      const stdout = collect(pipes.stdout, options.maxOutput ?? 65_536);
      const stderr = collect(pipes.stderr, options.maxOutput ?? 65_536);
      let timedOut = false;
      let failure = '';
      let finished = false;

      const kill = (): void => {
        if (child.pid !== undefined) {
          killGroup(child.pid);
        }
      };
      const cancelTimeout = deps.timers.after(options.timeoutMs, () => {
        timedOut = true;
        kill();
      });
      options.signal?.addEventListener('abort', kill, { once: true });

      const finish = (code: number | null, signal: string | null): void => {
        if (finished) {
          return;
        }
        finished = true;
        cancelTimeout();
        if (signal !== null && !timedOut) {
          failure = `ended by ${signal}`;
        }
        options.signal?.removeEventListener('abort', kill);
        pipes.stdout?.destroy();
        pipes.stderr?.destroy();
        done({
          code,
          signal,
          stdout: stdout(),
          stderr: stderr() + failure,
          timedOut,
          ms: deps.clock.monotonic() - started,
        });
      };

      child.on('error', (error) => {
        failure = errorMessage(error);
        if (child.pid === undefined) {
          finish(null, null);
        }
      });
      child.on('close', finish);
      child.on('exit', (code, signal) => {
        deps.timers.after(DRAIN_MS, () => finish(code, signal));
      });
      if (options.signal?.aborted) {
        kill();
      }
    });
}

function collect(stream: Readable | null | undefined, limit: number): () => string {
  const chunks: Buffer[] = [];
  let size = 0;
  stream?.on('data', (chunk: Buffer) => {
    if (size < limit) {
      chunks.push(chunk.subarray(0, limit - size));
      size += chunk.length;
    }
  });
  return () => Buffer.concat(chunks).toString('utf8');
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended already.
  }
}
