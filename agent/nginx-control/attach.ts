// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import type { Clock, Timers } from '../../kernel/index.js';
import type { RunTool } from '../run-tool.js';
import type { Layout } from '../state/layout.js';
import type { Ask } from './ask.js';
import type { NginxControl } from './control.js';
import { tailLog } from './error-log.js';
import { readPid, waitUntil } from './master.js';
import { isMaster, type Processes } from './processes.js';

export interface AttachDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly runTool: RunTool;
  readonly processes: Processes;
  readonly ask: Ask;
  readonly layout: Layout;
  readonly nginx: string;
  readonly knowsErrorLogFlag: boolean;
  readonly validationTimeoutMs: number;
  /** The main configuration that holds `include <state folder>/current/http.conf;`. */
  readonly mainConfig: string;
  readonly pidFile: string;
}

/**
 * Attach mode: somebody else started nginx and keeps its configuration; ours is the one included file. A bundle is
 * tested alone first; what the whole says can only be asked once it is linked, before anybody is signalled.
 */
export function createAttachedNginx(deps: AttachDeps): NginxControl {
  const { layout, processes } = deps;
  const early = deps.knowsErrorLogFlag ? ['-e', 'stderr'] : [];
  const options = { cwd: layout.root, timeoutMs: deps.validationTimeoutMs };

  const findMaster = (): number | undefined => {
    const named = processes.find(readPid(deps.pidFile) ?? 0);
    return named !== undefined && isMaster(named) ? named.pid : undefined;
  };

  return {
    test: (folder) =>
      deps.runTool(deps.nginx, ['-t', '-p', layout.root, '-c', join(folder, 'test.conf'), ...early], options),
    testLinked: () => deps.runTool(deps.nginx, ['-t', '-c', deps.mainConfig, ...early], options),
    master: findMaster,
    workers: (master) => new Set(processes.children(master)),
    reload: (master) => processes.signal(master, 'SIGHUP'),
    reopenLogs: (master) => processes.signal(master, 'SIGUSR1'),
    start: undefined,
    stop: async (graceful, timeoutMs) => {
      const master = findMaster();
      if (master !== undefined) {
        processes.signal(master, graceful ? 'SIGQUIT' : 'SIGTERM');
      }
      return waitUntil(deps, timeoutMs, () => findMaster() === undefined);
    },
    tidy: () => undefined,
    // nginx keeps its standard error on the error log of its main configuration.
    log: (master) => tailLog(`/proc/${master ?? 0}/fd/2`),
  };
}
