// SPDX-License-Identifier: Apache-2.0
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Api, api } from './api.js';
import { freePort } from './ports.js';
import { type Running, start } from './process.js';
import { until } from './until.js';

export const BIN = join(import.meta.dirname, '..', '..', '..', 'bin', 'nxmesh');

export const ADMIN = { email: 'admin@example.com', password: 'correct horse battery' };

export interface ControlPlane {
  readonly process: Running;
  readonly url: string;
  readonly gateway: string;
  readonly api: Api;
  readonly ports: { readonly http: number; readonly grpc: number };
}

/** Starts `nxmesh serve` as a process of its own and waits until it is ready. The same ports again after a restart. */
export async function controlPlane(
  dataDir: string,
  options: { ports?: ControlPlane['ports']; log?: string; env?: Record<string, string> } = {},
): Promise<ControlPlane> {
  const ports = options.ports ?? { http: await freePort(), grpc: await freePort() };
  const url = `http://127.0.0.1:${ports.http}`;
  const gateway = `127.0.0.1:${ports.grpc}`;
  const running = start(BIN, ['serve'], {
    env: {
      NXMESH_DATA_DIR: dataDir,
      NXMESH_HTTP_LISTEN: `127.0.0.1:${ports.http}`,
      NXMESH_GRPC_LISTEN: gateway,
      NXMESH_ADMIN_EMAIL: ADMIN.email,
      NXMESH_ADMIN_PASSWORD: ADMIN.password,
      ...options.env,
    },
    ...(options.log === undefined ? {} : { log: options.log }),
  });
  let ended = false;
  void running.exited.then(() => {
    ended = true;
  });
  await until(
    'the control plane is ready',
    async () => {
      if (ended) {
        return 'ended';
      }
      return (await fetch(`${url}/readyz`)).status === 200;
    },
    60_000,
  );
  if (ended) {
    throw new Error(`the control plane ended:\n${running.output()}`);
  }
  return { process: running, url, gateway, ports, api: api(url, ADMIN) };
}

/** Starts `nxmesh agent` as a process of its own; its nginx outlives it. */
export function agentProcess(options: {
  token?: string;
  gateway: string;
  stateDir: string;
  log?: string;
  args?: readonly string[];
  env?: Record<string, string>;
}): Running {
  const args = [
    'agent',
    '--gateway',
    options.gateway,
    '--state-dir',
    options.stateDir,
    ...(options.args ?? []),
  ];
  if (options.token !== undefined) {
    args.push('--token', options.token);
  }
  return start(BIN, args, {
    ...(options.env === undefined ? {} : { env: options.env }),
    ...(options.log === undefined ? {} : { log: options.log }),
  });
}

/** Ends the nginx that an agent has started in its folder. */
export async function endNginx(stateDir: string): Promise<void> {
  const pidFile = join(stateDir, 'run', 'nginx.pid');
  if (!existsSync(pidFile)) {
    return;
  }
  const pid = Number(readFileSync(pidFile, 'utf8'));
  try {
    process.kill(pid, 'SIGTERM');
  } catch {
    return;
  }
  await until('nginx has ended', () => !existsSync(`/proc/${pid}`));
}
