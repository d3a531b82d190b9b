// SPDX-License-Identifier: Apache-2.0
/** A real nginx under a real state folder, for tests: real files, real processes, real sockets. */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sha256, systemClock, systemTimers } from '../kernel/index.js';
import type { Report, Update } from './apply/update.js';
import { type Core, openCore } from './core.js';
import type { Failpoint } from './failpoint.js';
import type { Log } from './log.js';
import { systemProcesses } from './nginx-control/processes.js';
import { type AgentSettings, fullSettings } from './settings.js';
import type { HostCertificate } from './state/certificates.js';
import type { Outcome } from './state/journal.js';
import { manifestDigest, manifestOf } from './state/manifest.js';

export const NGINX = '/usr/sbin/nginx';

export function tempFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'nxa-'));
  chmodSync(folder, 0o711);
  return folder;
}

/** Kills every nginx that runs in this folder and removes it. */
export function removeFolder(folder: string): void {
  for (let round = 0; round < 50; round += 1) {
    const left = systemProcesses.list().filter((one) => one.folder.startsWith(folder));
    if (left.length === 0) {
      break;
    }
    for (const { pid } of left.sort((a, b) => a.parent - b.parent)) {
      systemProcesses.signal(pid, 'SIGKILL');
    }
  }
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = await listenOn(0);
  const address = server.address();
  server.close();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

export function listenOn(port: number): Promise<Server> {
  return new Promise((done, fail) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', fail);
    server.listen(port, '127.0.0.1', () => done(server));
  });
}

export const site = (port: number, text: string, more = ''): string =>
  `server {\n  listen 127.0.0.1:${port};\n  ${more}\n  location / { return 200 "${text}"; }\n}\n`;

let version = 0n;

/** An update whose files are these, whole. */
export function updateOf(
  files: Readonly<Record<string, string>>,
  certificates: readonly HostCertificate[] = [],
): Update {
  const contents = new Map(Object.values(files).map((text) => [sha256(text), Buffer.from(text)]));
  const manifest = manifestOf(Object.entries(files).map(([path, text]) => [path, sha256(text)] as const));
  version += 1n;
  return {
    digest: manifestDigest(manifest),
    version,
    manifest,
    contents,
    certificates,
    receivedAt: systemClock.monotonic(),
  };
}

export const silent: Log = { info: () => undefined, warn: () => undefined, error: () => undefined };

export interface Bench {
  readonly core: Core;
  readonly reports: Report[];
  /** Applies and gives the outcome. */
  readonly apply: (update: Update) => Promise<Outcome>;
}

export async function openBench(
  stateDir: string,
  options: Partial<AgentSettings> & { failpoint?: Failpoint; log?: Log } = {},
): Promise<Bench> {
  const { failpoint, log, ...settings } = options;
  const reports: Report[] = [];
  const core = await openCore(
    fullSettings({ gateway: '127.0.0.1:1', stateDir, nginx: NGINX, ...settings }),
    {
      clock: systemClock,
      timers: systemTimers,
      log: log ?? silent,
      ...(failpoint ? { failpoint } : {}),
    },
    (report) => reports.push(report),
  );
  return {
    core,
    reports,
    apply: async (update) => {
      core.conductor.submit(update);
      await core.conductor.idle();
      const last = reports.findLast((report) => report.digest === update.digest);
      if (last === undefined || !('outcome' in last)) {
        throw new Error('the update has no outcome');
      }
      return last.outcome;
    },
  };
}

export async function get(port: number): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: 'close' } });
  return answer.text();
}

export interface Prober {
  readonly answers: Map<string, number>;
  readonly failures: string[];
  stop(): Promise<void>;
}

/** Asks every 10 ms on a connection of its own and counts what is answered. */
export function probe(port: number): Prober {
  const answers = new Map<string, number>();
  const failures: string[] = [];
  let running = true;
  const loop = (async () => {
    while (running) {
      try {
        const text = await get(port);
        answers.set(text, (answers.get(text) ?? 0) + 1);
      } catch (error) {
        failures.push(String(error instanceof Error ? (error.cause ?? error) : error));
      }
      await systemTimers.sleep(10);
    }
  })();
  return {
    answers,
    failures,
    stop: async () => {
      running = false;
      await loop;
    },
  };
}
