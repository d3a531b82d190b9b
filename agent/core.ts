// SPDX-License-Identifier: Apache-2.0
import type { Clock, Timers } from '../kernel/index.js';
import { type Capabilities, type FrameInput, renderFrame, supports } from '../nginx/index.js';
import { type Conductor, createConductor } from './apply/conductor.js';
import { createSocket } from './apply/socket.js';
import { stoppedMark } from './apply/stopped.js';
import type { Report } from './apply/update.js';
import { type Failpoint, noFailpoint } from './failpoint.js';
import { createHeads } from './heads.js';
import type { Log } from './log.js';
import { type Ask, createAsk } from './nginx-control/ask.js';
import { createAttachedNginx } from './nginx-control/attach.js';
import { nginxBuild } from './nginx-control/build.js';
import type { NginxControl } from './nginx-control/control.js';
import { createOwnNginx } from './nginx-control/own.js';
import { systemProcesses } from './nginx-control/processes.js';
import { createRunTool } from './run-tool.js';
import type { FullSettings } from './settings.js';
import { dropCertificates } from './state/certificates.js';
import { prepareEmpty } from './state/empty.js';
import { createFlush } from './state/flush.js';
import { findGood } from './state/good.js';
import { createJournal, type Journal } from './state/journal.js';
import { type Layout, openLayout } from './state/layout.js';
import { lockStateFolder } from './state/lock.js';
import { type BundleStore, openStore } from './state/store.js';
import { prepareLog } from './telemetry/log-file.js';

export interface CoreDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Log;
  readonly failpoint?: Failpoint;
  readonly renderFrame?: (input: FrameInput) => string;
}

/** The agent without its gateway: state folder, nginx, and who brings bundles live. */
export interface Core {
  readonly layout: Layout;
  readonly store: BundleStore;
  readonly journal: Journal;
  readonly capabilities: Capabilities;
  readonly control: NginxControl;
  readonly conductor: Conductor;
  readonly ask: Ask;
  /** How often we asked nginx over its private socket. */
  asked(): number;
  /** Gives the state folder back; nginx goes on. */
  close(): void;
}

/** Opens the state folder and looks at nginx. Throws SettingsError or StateFolderError; touches no running nginx. */
export async function openCore(
  settings: FullSettings,
  deps: CoreDeps,
  report: (report: Report) => void,
): Promise<Core> {
  const { clock, timers } = deps;
  const failpoint = deps.failpoint ?? noFailpoint;
  const mode = settings.attach === undefined ? 'own' : 'attach';
  const layout = openLayout(settings.stateDir);
  const runTool = createRunTool({ clock, timers });
  const unlock = await lockStateFolder(layout.root, runTool);
  try {
    const build = await nginxBuild(runTool, settings.nginx);
    const capabilities: Capabilities = {
      nginxVersion: build.version,
      modules: build.modules,
      // A foreign configuration has its own folder, so paths of ours are written whole there.
      bundlePrefix: mode === 'own' ? '' : `${layout.current}/`,
      webRoots: settings.webRoots,
    };
    if (settings.accessLog) {
      prepareLog(layout.accessLog);
    }
    const store = openStore(layout, failpoint);
    dropCertificates(layout.certificates, store);
    const journal = createJournal(layout.journal);
    findGood(store, journal);
    if (mode === 'attach') {
      prepareEmpty(layout, store);
    }
    const overSocket = createAsk({ timers, socket: layout.proofSocket });
    let asked = 0;
    const ask: Ask = (url) => {
      asked += 1;
      return overSocket(url);
    };
    const shared = {
      clock,
      timers,
      runTool,
      processes: systemProcesses,
      ask,
      layout,
      nginx: settings.nginx,
      knowsErrorLogFlag: supports(capabilities, 'error_log_option'),
      validationTimeoutMs: settings.validationTimeoutMs,
    };
    const control =
      settings.attach === undefined
        ? createOwnNginx({ ...shared, startTimeoutMs: settings.reloadTimeoutMs })
        : createAttachedNginx({
            ...shared,
            mainConfig: settings.attach.config,
            pidFile: settings.attach.pidFile,
          });
    const heads = createHeads({
      layout,
      mode,
      capabilities,
      workerShutdownSeconds: settings.workerShutdownSeconds,
      accessLog: settings.accessLog,
      renderFrame: deps.renderFrame ?? renderFrame,
    });
    const { reloadTimeoutMs } = settings;
    const askSpare = createAsk({ timers, socket: layout.spareSocket });
    const conductor = createConductor({
      clock,
      timers,
      ask,
      control,
      socket: createSocket({ clock, timers, layout, store, control, askSpare, reloadTimeoutMs }),
      layout,
      store,
      journal,
      heads,
      flush: createFlush(runTool),
      failpoint,
      report,
      quietMs: settings.quietMs,
      reloadTimeoutMs,
      mark: stoppedMark(layout),
      log: deps.log,
    });
    return {
      layout,
      store,
      journal,
      capabilities,
      control,
      conductor,
      ask,
      asked: () => asked,
      close: unlock,
    };
  } catch (error) {
    unlock();
    throw error;
  }
}
