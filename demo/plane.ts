// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import type { Api } from '../test/harness/api.js';
import { DISTRIBUTED_ROLES, distributed } from '../test/harness/distributed.js';
import { type ControlPlane, controlPlane } from '../test/harness/nxmesh.js';

/** A control plane as the demo drives it, whatever it is made of. */
export interface Plane {
  readonly url: string;
  readonly gateway: string;
  readonly api: Api;
  /** What runs and where, for people. */
  readonly parts: readonly string[];
  /** What `kill` kills, one after the other. */
  readonly killable: readonly string[];
  /** As by `kill -9`. */
  kill(part: string): Promise<void>;
  /** Starts it again and waits until it is ready. */
  restart(part: string): Promise<void>;
  end(): Promise<void>;
}

/** One process with everything in one folder. */
export async function embeddedPlane(folder: string): Promise<Plane> {
  const dataDir = join(folder, 'control-plane');
  const log = join(folder, 'control-plane.log');
  let running: ControlPlane = await controlPlane(dataDir, { log });
  const { url, gateway, api, ports } = running;
  return {
    url,
    gateway,
    api,
    parts: [`control plane on ${url}, for agents on ${gateway}, data in ${dataDir}`],
    killable: ['control plane'],
    kill: () => running.process.end('SIGKILL'),
    restart: async () => {
      running = await controlPlane(dataDir, { ports, log });
    },
    end: () => running.process.end(),
  };
}

/** Each role in a process of its own, on stand-ins of the real engines; undefined where one cannot be had. */
export async function distributedPlane(folder: string): Promise<Plane | undefined> {
  const running = await distributed(join(folder, 'control-plane'));
  if (!running) {
    return undefined;
  }
  const roleOf = (part: string) => DISTRIBUTED_ROLES.find((role) => role === part) ?? 'commands';
  return {
    url: running.url,
    gateway: running.gateway,
    api: running.api,
    parts: [
      ...running.servers,
      `a process each for ${DISTRIBUTED_ROLES.join(', ')}`,
      `nginx in front on ${running.url}, which routes by method; agents on ${running.gateway}`,
    ],
    killable: DISTRIBUTED_ROLES,
    kill: (part) => running.kill(roleOf(part)),
    restart: (part) => running.restart(roleOf(part)),
    end: running.end,
  };
}
