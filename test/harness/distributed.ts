// SPDX-License-Identifier: Apache-2.0
/**
 * The distributed shape as local processes: EventStoreDB's double, a server that speaks MongoDB's protocol, a Kafka
 * broker, each role in a process of its own, and nginx in front that routes by method.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type DoubleNode, startDouble } from '../eventstoredb/index.js';
import { startKafka } from '../services/kafka.js';
import { startMongo } from '../services/mongodb.js';
import { type Api, api } from './api.js';
import { ADMIN, BIN } from './nxmesh.js';
import { freePort } from './ports.js';
import { type Running, start } from './process.js';
import { until } from './until.js';

export const DISTRIBUTED_ROLES = [
  'commands',
  'projections',
  'read-api',
  'agent-gateway',
  'publishers',
] as const;
type Role = (typeof DISTRIBUTED_ROLES)[number];

export interface Distributed {
  readonly url: string;
  readonly gateway: string;
  readonly api: Api;
  readonly brokers: readonly string[];
  readonly servers: readonly string[];
  /** Where a test may look into and break what the roles share. */
  readonly eventstore: EventStore;
  readonly mongoUrl: string;
  kill(role: Role, signal?: NodeJS.Signals): Promise<void>;
  restart(role: Role): Promise<void>;
  /** Sends a signal and does not wait. */
  signal(role: Role, signal: NodeJS.Signals): void;
  ended(role: Role): boolean;
  /** A further process of this role on ports of its own; of `commands` the front knows one at a time. */
  another(role: Role): Promise<Running>;
  end(): Promise<void>;
}

/** EventStoreDB's double, which may be ended and started again at its port with what it holds. */
export interface EventStore {
  readonly url: string;
  node(): DoubleNode;
  down(): void;
  up(): Promise<void>;
}

async function eventStore(): Promise<EventStore> {
  let node = await startDouble();
  const { port, store } = node;
  return {
    url: `esdb://127.0.0.1:${port}?tls=false`,
    node: () => node,
    down: () => node.stop(),
    up: async () => {
      node = await startDouble({ port, store });
    },
  };
}

export interface DistributedOptions {
  /** For every role. */
  readonly env?: Readonly<Record<string, string>>;
  /** The address by which the roles reach the server that speaks MongoDB's protocol. */
  readonly mongoVia?: (url: string) => Promise<string>;
}

/** Undefined where a stand-in cannot be had; the reason has been printed. */
export async function distributed(
  folder: string,
  options: DistributedOptions = {},
): Promise<Distributed | undefined> {
  const mongo = await startMongo();
  const kafka = await startKafka();
  if (!mongo || !kafka) {
    await mongo?.stop();
    await kafka?.stop();
    return undefined;
  }
  const eventstore = await eventStore();
  const mongoUrl = (await options.mongoVia?.(mongo.url)) ?? mongo.url;
  mkdirSync(folder, { recursive: true });
  const key = join(folder, 'master.key');
  writeFileSync(key, Buffer.from(crypto.getRandomValues(new Uint8Array(32))), { mode: 0o600 });

  const grpcPort = await freePort();
  const ports = new Map<Role, number>();
  const running = new Map<Role, Running>();

  async function startProcess(role: Role, name: string, port: number, grpc: number): Promise<Running> {
    const one = start(BIN, ['serve'], {
      env: {
        NXMESH_ROLES: role,
        NXMESH_DATA_DIR: join(folder, name),
        NXMESH_HTTP_LISTEN: `127.0.0.1:${port}`,
        NXMESH_GRPC_LISTEN: `127.0.0.1:${grpc}`,
        NXMESH_EVENTSTORE_URL: eventstore.url,
        NXMESH_MONGODB_URL: mongoUrl,
        NXMESH_KAFKA_BROKERS: kafka?.brokers.join(',') ?? '',
        NXMESH_MASTER_KEY_FILE: key,
        NXMESH_ADMIN_EMAIL: ADMIN.email,
        NXMESH_ADMIN_PASSWORD: ADMIN.password,
        ...options.env,
      },
      log: join(folder, `${name}.log`),
    });
    let ended = false;
    void one.exited.then(() => {
      ended = true;
    });
    await until(
      `${role} is ready`,
      async () => ended || (await fetch(`http://127.0.0.1:${port}/readyz`)).status === 200,
      90_000,
    );
    if (ended) {
      throw new Error(`${role} ended:\n${one.output()}`);
    }
    return one;
  }

  async function startRole(role: Role): Promise<void> {
    const port = ports.get(role) ?? (await freePort());
    ports.set(role, port);
    running.set(role, await startProcess(role, role, port, grpcPort));
  }
  const others: Running[] = [];
  const spare = await freePort();
  let onSpare: Running | undefined;

  for (const role of DISTRIBUTED_ROLES) {
    await startRole(role);
  }
  const front = await startFront(join(folder, 'front'), ports, spare);
  return {
    url: front.url,
    gateway: `127.0.0.1:${grpcPort}`,
    api: api(front.url, ADMIN),
    brokers: kafka.brokers,
    servers: [
      `EventStoreDB's double on ${eventstore.url}`,
      `${mongo.name} on ${mongo.url}`,
      `Kafka on ${kafka.brokers.join()}`,
    ],
    eventstore,
    mongoUrl: mongo.url,
    kill: async (role, signal = 'SIGKILL') => running.get(role)?.end(signal),
    restart: startRole,
    signal: (role, signal) => process.kill(running.get(role)?.pid ?? 0, signal),
    ended: (role) => running.get(role)?.ended() ?? true,
    another: async (role) => {
      const name = `${role}-${others.length + 2}`;
      // Whoever had it may have ended: the next is to stand behind the front again.
      const behindFront = role === 'commands' && (onSpare?.ended() ?? true);
      const one = await startProcess(role, name, behindFront ? spare : await freePort(), await freePort());
      onSpare = behindFront ? one : onSpare;
      others.push(one);
      return one;
    },
    end: async () => {
      await Promise.all([...running.values(), ...others].map((one) => one.end()));
      await front.process.end();
      eventstore.down();
      await Promise.all([mongo.stop(), kafka.stop()]);
    },
  };
}

/**
 * nginx in front: what changes something goes to `commands`, what is read to `read-api`. Where a second process of
 * `commands` may be is tried when the first refuses the connection: nothing of a request is sent twice.
 */
async function startFront(
  folder: string,
  ports: ReadonlyMap<Role, number>,
  spare: number,
): Promise<{ url: string; process: Running }> {
  mkdirSync(folder, { recursive: true });
  const port = await freePort();
  const config = join(folder, 'nginx.conf');
  writeFileSync(
    config,
    `daemon off; pid ${folder}/nginx.pid; error_log ${folder}/error.log;
events {}
http {
  access_log off;
  client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/f; uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
  upstream commands {
    server 127.0.0.1:${ports.get('commands')} max_fails=0;
    server 127.0.0.1:${spare} max_fails=0 backup;
  }
  upstream read-api { server 127.0.0.1:${ports.get('read-api')} max_fails=0; }
  map $request_method $role { default commands; GET read-api; HEAD read-api; }
  map $http_upgrade $connection_header { default upgrade; '' ''; }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://$role;
      proxy_set_header Host $http_host;
      proxy_http_version 1.1;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_header;
    }
  }
}
`,
  );
  const running = start('/usr/sbin/nginx', ['-p', folder, '-c', config]);
  const url = `http://127.0.0.1:${port}`;
  await until('nginx in front answers', async () => (await fetch(`${url}/readyz`)).status === 200);
  return { url, process: running };
}
