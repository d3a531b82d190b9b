// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createAsk } from '../../agent/nginx-control/ask.js';
import { ask } from '../../demo/traffic.js';
import { systemTimers } from '../../kernel/index.js';
import type { StoredEvent } from '../../schemas/index.js';
import { freePort } from '../harness/ports.js';
import { until } from '../harness/until.js';
import type { Trial } from './experiment.js';
import type { Agent, Plane } from './scene.js';

const PROBE_MS = 10;
const WATCH_MS = 50;
const SETTLED_MS = 1_500;

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

export async function startSite(trial: Trial, plane: Plane, gateway?: string): Promise<Site> {
  const server = createServer((_, response) => response.end('blue'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  trial.cleanup(() => void server.close());
  const { port: upstreamPort } = server.address() as AddressInfo;
  const workspace = await plane.workspace();
  const agent = await plane.join(workspace, 'site', gateway);
  const port = await freePort();
  const make = (server_name: string) =>
    plane.api.ok('POST', `${workspace}/virtual-hosts`, {
      name: server_name,
      server_name,
      listen_port: port,
      locations: [{ path: '/', proxy_pass: `http://127.0.0.1:${upstreamPort}` }],
    });
  await make(STABLE);
  const host = await make('changing.example');
  await until('the site is served', async () => (await ask(port, STABLE)) === 'blue', 30_000);

  let running = true;
  let sent = 0;
  const failed: string[] = [];
  const diary: string[] = [];
  const probe = setInterval(() => {
    sent += 1;
    const at = new Date();
    const asked = performance.now();
    void ask(port, STABLE).then((body) => {
      if (running && body !== 'blue') {
        failed.push(body);
        diary.push(`${at.toISOString()} failed after ${Math.round(performance.now() - asked)} ms: ${body}`);
      }
    });
  }, PROBE_MS);
  const proof = createAsk({ timers: systemTimers, socket: join(agent.stateDir, 'run', 'proof.sock') });
  const digests = new Set<string>();
  const look = async (): Promise<string | undefined> => (await proof('/.nxmesh/proof'))?.split(' ')[0];
  let before: string | undefined;
  const watch = setInterval(
    () =>
      void look().then((digest) => {
        if (digest !== before) {
          diary.push(`${new Date().toISOString()} proves ${digest}`);
          before = digest;
        }
        return digest && digests.add(digest);
      }),
    WATCH_MS,
  );
  const stop = (): void => {
    running = false;
    clearInterval(probe);
    clearInterval(watch);
  };
  trial.cleanup(stop);

  return {
    workspace,
    agent,
    hostId: host.id,
    port,
    target: `http://127.0.0.1:${upstreamPort}`,
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
      await until(`${name} is served`, async () => (await ask(port, name)) === 'blue', 60_000, 20);
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
      const live = await look();
      stop();
      trial.check('I9', failed.length === 0, `${failed.length} of ${sent} requests failed: ${failed[0]}`);
      trial.measure('probes', sent, '');
      if (trial.logs) {
        mkdirSync(trial.logs, { recursive: true });
        writeFileSync(join(trial.logs, 'diary.log'), `${diary.join('\n')}\n`);
        writeFileSync(
          join(trial.logs, 'events.log'),
          events
            .filter(({ type }) => type.startsWith('config.'))
            .map((event) =>
              JSON.stringify(event.data, (_, v) => (typeof v === 'bigint' ? String(v) : v))
                .slice(0, 600)
                .replace(/^/, `${event.type} `),
            )
            .join('\n'),
        );
      }
      // What the agent proved while nobody could write it down was sent to it, and never refused.
      const validated = new Set<string>();
      let newest: string | undefined;
      for (const event of events) {
        if (event.type === 'config.applied' && event.data.agent_id === agent.id) {
          validated.add(event.data.digest);
          newest = event.data.digest;
        } else if (event.type === 'config.sent' && event.data.agent_id === agent.id) {
          validated.add(event.data.digest);
        } else if (event.type === 'config.refused' || event.type === 'config.rolled_back') {
          validated.delete(event.data.failure.digest);
        }
      }
      const others = [...digests].filter((digest) => !validated.has(digest));
      trial.check('I5', others.length === 0, `served and never validated: ${others.join()}`);
      trial.check(
        'I3',
        live !== undefined && live === newest,
        `nginx proves ${live}, the log says ${newest}`,
      );
    },
  };
}
