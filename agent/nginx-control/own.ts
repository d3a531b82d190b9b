// SPDX-License-Identifier: Apache-2.0
import { renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock, Timers } from '../../kernel/index.js';
import type { RunTool } from '../run-tool.js';
import type { Layout } from '../state/layout.js';
import { prepareLog } from '../telemetry/log-file.js';
import type { Ask } from './ask.js';
import type { NginxControl } from './control.js';
import { tailLog } from './error-log.js';
import { readPid, waitUntil } from './master.js';
import { isMaster, type NginxProcess, type Processes } from './processes.js';
import { askProof } from './proof.js';

export interface OwnDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly runTool: RunTool;
  readonly processes: Processes;
  readonly ask: Ask;
  readonly layout: Layout;
  /** Path of the nginx program. */
  readonly nginx: string;
  /** Whether it knows `-e` (since 1.19.5): the log to write to before the configuration is read. */
  readonly knowsErrorLogFlag: boolean;
  readonly validationTimeoutMs: number;
  readonly startTimeoutMs: number;
}

/** The error log is set aside at this size; the one before it is dropped. */
const MOST_LOG_BYTES = 64 * 1024 * 1024;

/** How long orphans may take to let go of their sockets before they are killed. */
const ORPHANS_MS = 2000;

/**
 * Own mode: nginx runs as a daemon in the state folder, so that it goes on serving when the agent is gone. The master is
 * ours when it was started on our linked configuration; a worker is ours when it runs in our folder.
 */
export function createOwnNginx(deps: OwnDeps): NginxControl {
  const { layout, processes } = deps;
  const config = join(layout.current, 'nginx.conf');
  const args = (file: string, log: string): string[] => [
    '-p',
    layout.root,
    '-c',
    file,
    ...(deps.knowsErrorLogFlag ? ['-e', log] : []),
  ];
  const ours = (one: NginxProcess | undefined): one is NginxProcess =>
    one !== undefined && isMaster(one) && ` ${one.title} `.includes(` -c ${config} `);

  const findMaster = (): number | undefined => {
    const named = processes.find(readPid(layout.pidFile) ?? 0);
    return ours(named) ? named.pid : processes.list().find(ours)?.pid;
  };

  /** Workers of ours without a master: they hold the ports, so a new nginx could not start. */
  const orphans = (): number[] => {
    const all = processes.list();
    const masters = new Set(all.filter(isMaster).map(({ pid }) => pid));
    return all
      .filter((one) => !isMaster(one) && one.folder === layout.root && !masters.has(one.parent))
      .map(({ pid }) => pid);
  };

  const endOrphans = async (): Promise<void> => {
    for (const pid of orphans()) {
      processes.signal(pid, 'SIGQUIT');
    }
    // After SIGQUIT a worker closes its listening sockets at once and only then ends its connections.
    const closed = await waitUntil(
      deps,
      ORPHANS_MS,
      async () => orphans().length === 0 || (await askProof(deps.ask)) === undefined,
    );
    if (!closed) {
      for (const pid of orphans()) {
        processes.signal(pid, 'SIGKILL');
      }
      await waitUntil(deps, ORPHANS_MS, () => orphans().length === 0);
    }
  };

  prepareLog(layout.errorLog);
  return {
    test: (folder) =>
      deps.runTool(deps.nginx, ['-t', ...args(join(folder, 'test.conf'), 'stderr')], {
        cwd: layout.root,
        timeoutMs: deps.validationTimeoutMs,
      }),
    testLinked: () => Promise.resolve(undefined),
    master: findMaster,
    workers: (master) => new Set(processes.children(master)),
    reload: (master) => processes.signal(master, 'SIGHUP'),
    reopenLogs: (master) => processes.signal(master, 'SIGUSR1'),
    start: async () => {
      await endOrphans();
      // A socket file that a killed master left behind is an address in use.
      rmSync(layout.proofSocket, { force: true });
      return deps.runTool(deps.nginx, args(config, layout.errorLog), {
        cwd: layout.root,
        timeoutMs: deps.startTimeoutMs,
      });
    },
    stop: async (graceful, timeoutMs) => {
      const master = findMaster();
      if (master !== undefined) {
        processes.signal(master, graceful ? 'SIGQUIT' : 'SIGTERM');
      }
      await endOrphans();
      return waitUntil(deps, timeoutMs, () => findMaster() === undefined);
    },
    tidy: () => {
      const master = findMaster();
      if (master !== undefined && sizeOf(layout.errorLog) > MOST_LOG_BYTES) {
        renameSync(layout.errorLog, `${layout.errorLog}.1`);
        prepareLog(layout.errorLog);
        processes.signal(master, 'SIGUSR1');
      }
    },
    log: () => tailLog(layout.errorLog),
  };
}

const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;
