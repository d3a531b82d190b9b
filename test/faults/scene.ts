// SPDX-License-Identifier: Apache-2.0
/** A control plane on either shape, with what an experiment needs to break it and to look into it afterwards. */
import { randomUUID } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { eventStoreDbLog } from '../../event-log/eventstoredb/index.js';
import { type EventLog, eventLog } from '../../event-log/index.js';
import { sqliteLog } from '../../event-log/sqlite/index.js';
import { systemClock, systemTimers } from '../../kernel/index.js';
import type { ReadStore } from '../../read-store/index.js';
import { mongoReadStore } from '../../read-store/mongodb/index.js';
import { sqliteReadStore } from '../../read-store/sqlite/index.js';
import { type Api, api } from '../harness/api.js';
import { type Distributed, distributed } from '../harness/distributed.js';
import { folder } from '../harness/folder.js';
import { ADMIN, agentProcess, type ControlPlane, controlPlane, endNginx } from '../harness/nxmesh.js';
import type { Running } from '../harness/process.js';
import { until } from '../harness/until.js';
import { Skipped, type Trial } from './experiment.js';
import { type DisturbedWay, proxyTo } from './proxy.js';

export type Role = 'commands' | 'projections' | 'read-api' | 'agent-gateway' | 'publishers';

export interface Agent {
  readonly id: string;
  readonly stateDir: string;
  readonly process: Running;
  /** Has the process do what `messages.ts` knows; what that file writes is at `${stateDir}.fault.seen`. */
  hook(line: string): void;
}

export interface Plane {
  readonly url: string;
  readonly gateway: string;
  readonly api: Api;
  readonly place: string;
  /** Signed in anew. */
  signIn(): Api;
  /** A workspace of its own; the path of its resources. */
  workspace(): Promise<string>;
  /** An agent with a real nginx, online. `gateway`: the address by which it is to reach it. */
  join(workspace: string, name: string, gateway?: string): Promise<Agent>;
  /** The one process of the embedded shape, or that of the role. */
  kill(role: Role, signal?: NodeJS.Signals): Promise<void>;
  restart(role: Role): Promise<void>;
  signal(role: Role, signal: NodeJS.Signals): void;
  ended(role: Role): boolean;
  /** Has the process do what `hooks.ts` knows. */
  hook(role: Role, line: string): void;
  /** The log and the read store as they are; ends the embedded shape. */
  open(): Promise<{ log: EventLog; store: ReadStore; close(): Promise<void> }>;
  /** Undefined on the embedded shape. */
  readonly parts: (Distributed & { readonly mongo: DisturbedWay }) | undefined;
}

/** Small, so that what holds on to memory is found. */
const MEMORY_MB = 128;

const ANSWERS_MS = 120_000;

const hooksIn = (name: string): string => pathToFileURL(join(import.meta.dirname, name)).href;
const HOOKS = hooksIn('hooks.js');
const environment = (place: string, memoryMb: number): Record<string, string> => ({
  NXMESH_RATE_LIMIT: '1000000',
  NXMESH_FAULTS_FILE: join(place, 'fault'),
  NODE_OPTIONS: `--import=${HOOKS} --max-old-space-size=${memoryMb}`,
});

function common(place: string, url: string, gateway: string, client: Api) {
  return {
    url,
    gateway,
    api: client,
    place,
    signIn: () => api(url, ADMIN),
    workspace: async () => {
      const slug = `w-${randomUUID().slice(0, 12)}`;
      const organization = await client.ok('POST', '/v1/organizations', { name: slug, slug });
      const made = await client.ok('POST', `/v1/organizations/${organization.id}/workspaces`, {
        name: slug,
        slug,
      });
      return `/v1/workspaces/${made.id}`;
    },
    joining:
      (trial: Trial) =>
      async (workspace: string, name: string, via = gateway): Promise<Agent> => {
        const { token, agent_id: id } = await client.ok('POST', `${workspace}/agents/tokens`, {
          name,
          labels: { name },
        });
        // Ids of one minute begin alike.
        const stateDir = join(place, `agent-${id.slice(-8)}`);
        const fault = `${stateDir}.fault`;
        const running = agentProcess({
          gateway: via,
          stateDir,
          token,
          log: `${stateDir}.log`,
          env: { NXMESH_FAULTS_FILE: fault, NODE_OPTIONS: `--import=${hooksIn('messages.js')}` },
        });
        trial.cleanup(async () => {
          await running.end('SIGKILL');
          await endNginx(stateDir);
          keepLogs(join(stateDir, 'logs'), trial.logs && join(trial.logs, name));
        });
        await until(
          `agent ${name} is online`,
          async () => (await client.ok('GET', `/v1/agents/${id}`)).state === 'online',
          30_000,
          50,
        );
        return {
          id,
          stateDir,
          process: running,
          hook: (line) => {
            writeFileSync(fault, line);
            process.kill(running.pid, 'SIGUSR2');
          },
        };
      },
  };
}

async function embedded(trial: Trial): Promise<Plane> {
  const place = folder(`faults-${Math.floor(trial.random() * 1e6)}`);
  trial.cleanup(() => {
    keepLogs(place.path, trial.logs);
    place.remove();
  });
  const dataDir = join(place.path, 'data');
  const options = { log: join(place.path, 'control-plane.log'), env: environment(place.path, MEMORY_MB) };
  let plane: ControlPlane = await controlPlane(dataDir, options);
  trial.cleanup(() => plane.process.end('SIGKILL'));
  const { joining, ...base } = common(place.path, plane.url, plane.gateway, plane.api);
  return {
    ...base,
    join: joining(trial),
    kill: (_role, signal = 'SIGKILL') => plane.process.end(signal),
    restart: async () => {
      plane = await controlPlane(dataDir, { ...options, ports: plane.ports });
    },
    signal: (_role, signal) => process.kill(plane.process.pid, signal),
    ended: () => plane.process.ended(),
    hook: (_role, line) => {
      writeFileSync(join(place.path, 'fault'), line);
      process.kill(plane.process.pid, 'SIGUSR2');
    },
    open: async () => {
      await plane.process.end('SIGTERM');
      const log = eventLog(await sqliteLog(join(dataDir, 'events.db')));
      const store = sqliteReadStore({ path: join(dataDir, 'read.db'), clock: systemClock });
      return {
        log,
        store,
        close: async () => {
          await store.close();
          await log.close();
        },
      };
    },
    parts: undefined,
  };
}

function keepLogs(place: string, logs: string | undefined): void {
  const names = logs === undefined || !existsSync(place) ? [] : readdirSync(place);
  for (const name of names.filter((one) => one.endsWith('.log'))) {
    mkdirSync(logs ?? '', { recursive: true });
    copyFileSync(join(place, name), join(logs ?? '', name));
  }
}

let shared: Promise<Plane & { trialEnd(logs?: string): Promise<void> }> | undefined;
let joinShared: ((trial: Trial) => Plane['join']) | undefined;

async function startShared(): Promise<Plane & { trialEnd(logs?: string): Promise<void> }> {
  const place = folder('faults');
  let mongo: DisturbedWay | undefined;
  const parts = await distributed(place.path, {
    env: environment(place.path, MEMORY_MB),
    mongoVia: async (url) => {
      const { hostname, port } = new URL(url);
      mongo = await proxyTo(hostname, Number(port));
      return url.replace(`${hostname}:${port}`, `127.0.0.1:${mongo.port}`);
    },
  });
  if (!parts || !mongo) {
    place.remove();
    throw new Skipped('a server that stands in for MongoDB or Kafka cannot be had here');
  }
  const way = mongo;
  const { joining, ...base } = common(place.path, parts.url, parts.gateway, parts.api);
  joinShared = joining;
  return {
    ...base,
    join: () => Promise.reject(new Error('join through the plane of a trial')),
    kill: (role, signal) => parts.kill(role, signal),
    restart: (role) => parts.restart(role),
    signal: (role, signal) => parts.signal(role, signal),
    ended: (role) => parts.ended(role),
    hook: (role, line) => {
      writeFileSync(join(place.path, 'fault'), line);
      parts.signal(role, 'SIGUSR2');
    },
    open: async () => {
      const log = eventLog(await eventStoreDbLog({ connectionString: parts.eventstore.url }));
      const store = await mongoReadStore({ url: parts.mongoUrl, database: 'nxmesh', timers: systemTimers });
      return {
        log,
        store,
        close: async () => {
          await store.close();
          await log.close();
        },
      };
    },
    parts: { ...parts, mongo: way },
    trialEnd: async (logs) => {
      await parts.end();
      way.close();
      keepLogs(place.path, logs);
      place.remove();
    },
  };
}

/** A control plane for this trial; the distributed one is shared by all trials. */
export async function planeFor(trial: Trial): Promise<Plane> {
  if (trial.shape === 'embedded') {
    return embedded(trial);
  }
  shared ??= startShared();
  const plane = await shared;
  // What the trial before has left to do is done first.
  await until(
    'the control plane answers',
    async () => (await plane.signIn().request('GET', '/v1/organizations')).status === 200,
    ANSWERS_MS,
    500,
  );
  const join = joinShared?.(trial);
  return {
    ...plane,
    join: (workspace, name, gateway) => join?.(workspace, name, gateway) ?? plane.join(workspace, name),
  };
}

/** `logs`: where to leave what its processes have logged. */
export async function endShared(logs?: string): Promise<void> {
  await shared?.then((plane) => plane.trialEnd(logs)).catch(() => undefined);
}
