// SPDX-License-Identifier: Apache-2.0
/**
 * The distributed shape as local processes: EventStoreDB's double, a server that speaks MongoDB's protocol, a Kafka
 * broker, each role in a process of its own, and nginx in front that routes by method.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startDouble } from '../eventstoredb/index.js';
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
  kill(role: Role): Promise<void>;
  restart(role: Role): Promise<void>;
  end(): Promise<void>;
}

/** Undefined where a stand-in cannot be had; the reason has been printed. */
export async function distributed(folder: string): Promise<Distributed | undefined> {
  const mongo = await startMongo();
  const kafka = await startKafka();
  if (!mongo || !kafka) {
    await mongo?.stop();
    await kafka?.stop();
    return undefined;
  }
  const double = await startDouble();
  const eventstoreUrl = `esdb://127.0.0.1:${double.port}?tls=false`;
  mkdirSync(folder, { recursive: true });
  const key = join(folder, 'master.key');
  writeFileSync(key, Buffer.from(crypto.getRandomValues(new Uint8Array(32))), { mode: 0o600 });

  const grpcPort = await freePort();
  const ports = new Map<Role, number>();
  const running = new Map<Role, Running>();

  async function startRole(role: Role): Promise<void> {
    const port = ports.get(role) ?? (await freePort());
    ports.set(role, port);
    const one = start(BIN, ['serve'], {
      env: {
        NXMESH_ROLES: role,
        NXMESH_DATA_DIR: join(folder, role),
        NXMESH_HTTP_LISTEN: `127.0.0.1:${port}`,
        NXMESH_GRPC_LISTEN: `127.0.0.1:${grpcPort}`,
        NXMESH_EVENTSTORE_URL: eventstoreUrl,
        NXMESH_MONGODB_URL: mongo?.url ?? '',
        NXMESH_KAFKA_BROKERS: kafka?.brokers.join(',') ?? '',
        NXMESH_MASTER_KEY_FILE: key,
        NXMESH_ADMIN_EMAIL: ADMIN.email,
        NXMESH_ADMIN_PASSWORD: ADMIN.password,
      },
      log: join(folder, `${role}.log`),
    });
    running.set(role, one);
    let ended = false;
    void one.exited.then(() => {
      ended = true;
    });
    await until(
      `${role} is ready`,
      async () => ended || (await fetch(`http://127.0.0.1:${port}/readyz`)).status === 200,
      30_000,
    );
    if (ended) {
      throw new Error(`${role} ended:\n${one.output()}`);
    }
  }

  for (const role of DISTRIBUTED_ROLES) {
    await startRole(role);
  }
  const front = await startFront(join(folder, 'front'), ports);
  return {
    url: front.url,
    gateway: `127.0.0.1:${grpcPort}`,
    api: api(front.url, ADMIN),
    brokers: kafka.brokers,
    servers: [
      `EventStoreDB's double on ${eventstoreUrl}`,
      `${mongo.name} on ${mongo.url}`,
      `Kafka on ${kafka.brokers.join()}`,
    ],
    kill: async (role) => running.get(role)?.end('SIGKILL'),
    restart: startRole,
    end: async () => {
      await Promise.all([...running.values()].map((one) => one.end()));
      await front.process.end();
      double.stop();
      await Promise.all([mongo.stop(), kafka.stop()]);
    },
  };
}

/** nginx in front: what changes something goes to `commands`, what is read to `read-api`. */
async function startFront(
  folder: string,
  ports: ReadonlyMap<Role, number>,
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
  map $request_method $role { default ${ports.get('commands')}; GET ${ports.get('read-api')}; HEAD ${ports.get('read-api')}; }
  map $http_upgrade $connection_header { default upgrade; '' ''; }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://127.0.0.1:$role;
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
