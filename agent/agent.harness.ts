// SPDX-License-Identifier: Apache-2.0
/** The whole agent against the harness's master, for tests of what goes over the wire. */
import { systemClock, systemRandom, systemTimers } from '../kernel/index.js';
import { ConfigApplyStatus, type ConfigStatus } from '../proto/index.js';
import { type AgentSettings, type Log, runAgent } from './index.js';
import { type Connection, type Master, startMaster } from './master.harness.js';
import { NGINX, removeFolder, silent, tempFolder } from './nginx.harness.js';

export interface Running {
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

/** The agent whole, as `nxmesh agent` runs it, in this process. */
export function startAgent(
  master: Pick<Master, 'port'> & Partial<Pick<Master, 'token'>>,
  stateDir: string,
  more: Partial<AgentSettings> = {},
  listen: Partial<Log> = {},
): Running {
  const abort = new AbortController();
  const log = { ...silent, ...listen };
  const ended = runAgent(
    {
      gateway: `127.0.0.1:${master.port}`,
      ...(master.token === undefined ? {} : { token: master.token }),
      stateDir,
      nginx: NGINX,
      quietMs: 100,
      ...more,
    },
    { clock: systemClock, timers: systemTimers, random: systemRandom, log, signal: abort.signal },
  );
  ended.catch(() => undefined);
  const stop = async (): Promise<void> => {
    abort.abort();
    await ended.catch(() => undefined);
  };
  running.push(stop);
  return { ended, stop };
}

const running: (() => Promise<void>)[] = [];
export const statuses = (connection: Connection): ConfigStatus[] =>
  connection.messages.flatMap(({ payload }) => (payload?.$case === 'configStatus' ? [payload.value] : []));

export const final = (master: Master, connection: Connection, digest: string): Promise<ConfigStatus> =>
  master.until(`final status of ${digest}`, () =>
    statuses(connection).find((one) => one.digest === digest && one.status >= ConfigApplyStatus.SUCCESS),
  );

export const connected = (master: Master, count: number): Promise<Connection> =>
  master.until(`connection ${count}`, () => master.connections[count - 1]);

export async function scene(task: (master: Master, stateDir: string) => Promise<void>): Promise<void> {
  const stateDir = tempFolder();
  const master = await startMaster();
  try {
    await task(master, stateDir);
  } finally {
    for (const stop of running.splice(0)) {
      await stop();
    }
    master.close();
    removeFolder(stateDir);
  }
}
