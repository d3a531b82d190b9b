// SPDX-License-Identifier: Apache-2.0
import { type ChildProcess, fork } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createAsk } from '../../agent/nginx-control/ask.js';
import { ask } from '../../demo/traffic.js';
import { systemTimers } from '../../kernel/index.js';
import type { StoredEvent } from '../../schemas/index.js';
import { freePort } from '../harness/ports.js';
import { until } from '../harness/until.js';
import type { Trial } from './experiment.js';
import { BODY, type FromProber, type Seen, type ToProber } from './prober-messages.js';
import type { Agent, Plane } from './scene.js';
import { servedBy } from './served.js';

const SETTLED_MS = 1_500;
const PROOF_MS = 10_000;

/** One agent that serves a site, asked every 10 ms for as long as the trial runs. */
export interface Site {
  readonly workspace: string;
  readonly agent: Agent;
  readonly hostId: string;
  readonly port: number;
  /** URL of the server behind it. */
  readonly target: string;
  /** Renames the site and resolves when the agent proves it; how long that took. */
  change(name: string): Promise<number>;
  /** Resolves when the control plane knows as applied what nginx proves. */
  settle(): Promise<void>;
  /** Checks what was seen meanwhile; `events` are the log's. */
  end(events: readonly StoredEvent[]): Promise<void>;
}

const STABLE = 'stable.example';

interface Prober {
  /** Port of the server behind the site. */
  readonly upstream: number;
  tell(message: ToProber): void;
  seen(): Promise<Seen>;
}

async function startProber(trial: Trial): Promise<Prober> {
  const child: ChildProcess = fork(join(import.meta.dirname, 'prober.js'), { execArgv: [] });
  trial.cleanup(() => void child.kill());
  let upstream: number | undefined;
  let seen: Seen | undefined;
  child.on('message', (message: FromProber) => {
    if ('upstream' in message) {
      upstream = message.upstream;
    } else {
      seen = message.seen;
    }
  });
  return {
    upstream: await until('the server behind the site listens', () => upstream),
    tell: (message) => void child.send(message),
    seen: () => until('the prober tells what it has seen', () => seen, 60_000),
  };
}

function keep(trial: Trial, seen: Seen, events: readonly StoredEvent[]): void {
  if (trial.logs !== undefined) {
    mkdirSync(trial.logs, { recursive: true });
    writeFileSync(join(trial.logs, 'seen.json'), JSON.stringify(seen, null, 2));
    const lines = events
      .filter(({ type }) => /^config\.(?!version)/.test(type))
      .map(({ type, data }) => `${type} ${JSON.stringify(data)}\n`);
    writeFileSync(join(trial.logs, 'config-events.log'), lines.join(''));
  }
}

export async function startSite(trial: Trial, plane: Plane, gateway?: string): Promise<Site> {
  const prober = await startProber(trial);
  const target = `http://127.0.0.1:${prober.upstream}`;
  const workspace = await plane.workspace();
  const agent = await plane.join(workspace, 'site', gateway);
  const port = await freePort();
  const make = (server_name: string) =>
    plane.api.ok('POST', `${workspace}/virtual-hosts`, {
      name: server_name,
      server_name,
      listen_port: port,
      locations: [{ path: '/', proxy_pass: target }],
    });
  await make(STABLE);
  const host = await make('changing.example');
  await until('the site is served', async () => (await ask(port, STABLE)) === BODY, 30_000);
  const proofSocket = join(agent.stateDir, 'run', 'proof.sock');
  prober.tell({ watch: { port, host: STABLE, proofSocket } });
  const proof = createAsk({ timers: systemTimers, socket: proofSocket });
  const look = async (): Promise<string | undefined> => (await proof('/.nxmesh/proof'))?.split(' ')[0];

  return {
    workspace,
    agent,
    hostId: host.id,
    port,
    target,
    change: async (name) => {
      const started = performance.now();
      await until(
        'the change is taken',
        async () =>
          (await plane.api.request('PATCH', `/v1/virtual-hosts/${host.id}`, { server_name: name })).status ===
          200,
        30_000,
        50,
      );
      await until(`${name} is served`, async () => (await ask(port, name)) === BODY, 60_000, 20);
      return performance.now() - started;
    },
    settle: async () => {
      // The last version may still be on its way: what is known and proven is to stay so for a while.
      let since: number | undefined;
      await until(
        'the proof is known',
        async () => {
          const { applied } = await plane.api.ok('GET', `/v1/agents/${agent.id}`);
          since = applied.digest === (await look()) ? (since ?? performance.now()) : undefined;
          return since !== undefined && performance.now() - since > SETTLED_MS;
        },
        60_000,
        50,
      );
    },
    end: async (events) => {
      // Asked again where a machine that is busy let a question go unanswered.
      const live = await until('nginx proves something', look, PROOF_MS).catch(() => undefined);
      prober.tell({ end: true });
      const seen = await prober.seen();
      keep(trial, seen, events);
      const { sent, failed, longestMs, stalledMs } = seen;
      trial.check('I9', failed.length === 0, `${failed.length} of ${sent} requests failed: ${failed[0]}`);
      trial.measure('probes', sent, '');
      trial.measure('longest answer', longestMs, 'ms');
      trial.measure('prober kept waiting', stalledMs, 'ms');
      const { validated, newest } = servedBy(agent.id, events);
      const others = Object.entries(seen.digests).filter(([digest]) => !validated.has(digest));
      trial.check('I5', others.length === 0, `served and never validated: ${others.join()}`);
      trial.check(
        'I3',
        live !== undefined && live === newest,
        `nginx proves ${live}, the log says ${newest}`,
      );
    },
  };
}
