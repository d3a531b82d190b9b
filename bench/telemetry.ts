// SPDX-License-Identifier: Apache-2.0
/**
 * What telemetry costs, in processor time, because it can be told from what else the machine does. nginx: a request
 * without a log, with the log, and with the agent's reader beside it, in turns; and what the agent itself needs. Agent:
 * lines that it can read and count. Gateway: lines from undecoded messages into SQLite, and the longest that one write
 * into the store keeps everybody else waiting.
 *
 *   node dist/bench/telemetry.js [seconds = 3] [rounds = 3]
 */
import { spawn } from 'node:child_process';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import autocannon from 'autocannon';
import {
  NGINX,
  openBench,
  removeFolder,
  silent,
  site,
  tempFolder,
  updateOf,
} from '../agent/nginx.harness.js';
import { fullSettings } from '../agent/settings.js';
import { parseLine } from '../agent/telemetry/line.js';
import { countLine, type Minutes } from '../agent/telemetry/minutes.js';
import { createReader } from '../agent/telemetry/reader.js';
import { startTelemetry } from '../agent/telemetry/telemetry.js';
import { allowance } from '../agent-gateway/allowance.js';
import { defaultSettings } from '../agent-gateway/deps.js';
import { logIntake } from '../agent-gateway/log-intake.js';
import { systemClock, systemRandom, systemTimers, uuidv7 } from '../kernel/index.js';
import { LogBatch } from '../proto/index.js';
import { sqliteReadStore } from '../read-store/sqlite/index.js';
import { TELEMETRY_COLLECTIONS } from '../telemetry/index.js';
import { freePort } from '../test/harness/ports.js';
import { median, perSecond, ratio } from './figures.js';

const SECONDS = Number(process.argv[2] ?? 3);
const ROUNDS = Number(process.argv[3] ?? 3);
const LINES = 200_000;

/** Requests a second from a process of its own, so that this one has its processor for the agent. */
function load(port: number): Promise<number> {
  const args = [process.argv[1] ?? '', '--load', String(port), String(SECONDS)];
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    child.on('error', reject);
    child.on('close', () => resolve(Number(text)));
  });
}

type Kind = 'none' | 'log' | 'agent';

/** Microseconds of processor a request. */
interface Cost {
  readonly nginx: number;
  readonly agent: number;
  readonly perSecond: number;
}

/** Processor time of a process in microseconds: hundredths of a second in the kernel's words. */
function processorTime(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10_000;
}

async function serving(kind: Kind): Promise<Cost> {
  const folder = tempFolder();
  const accessLog = kind !== 'none';
  const { core, apply } = await openBench(folder, { accessLog });
  try {
    const port = await freePort();
    await apply(updateOf({ 'site.conf': site(port, 'hello') }));
    const settings = fullSettings({ gateway: '127.0.0.1:1', stateDir: folder, nginx: NGINX, accessLog });
    const deps = { clock: systemClock, timers: systemTimers, random: systemRandom, log: silent };
    const telemetry = kind === 'agent' ? startTelemetry({ ...deps, core, settings }) : undefined;
    const workers = [...core.control.workers(core.control.master() ?? 0)];
    const time = (): number => workers.reduce((sum, pid) => sum + processorTime(pid), 0);
    const [nginxBefore, agentBefore] = [time(), process.cpuUsage()];
    const rate = await load(port);
    const requests = rate * SECONDS;
    const { user, system } = process.cpuUsage(agentBefore);
    const cost = {
      nginx: (time() - nginxBefore) / requests,
      agent: (user + system) / requests,
      perSecond: rate,
    };
    await telemetry?.stop();
    return cost;
  } finally {
    core.close();
    removeFolder(folder);
  }
}

const line = (n: number): string =>
  `{"msec":"${1_772_323_200 + n / 10_000}","remote_addr":"192.0.2.1","method":"GET","uri":"/shop/items/${n}?page=2","protocol":"HTTP/1.1","host":"shop.example.com","status":"200","body_bytes_sent":"5120","bytes_in":"412","bytes_out":"5390","request_time":"0.012","user_agent":"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0","referer":"https://shop.example.com/","request_id":"9f86d081884c7d659a2feaa0c55ad015"}\n`;

/** Seconds of processor that this process has taken. */
const ownTime = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};

/** Lines a second of processor, read and counted. */
function reading(): number {
  const folder = mkdtempSync(join(tmpdir(), 'nxmesh-bench-'));
  const path = join(folder, 'access.log');
  writeFileSync(path, '');
  for (let from = 0; from < LINES; from += 10_000) {
    appendFileSync(path, Array.from({ length: 10_000 }, (_, n) => line(from + n)).join(''));
  }
  const minutes: Minutes = new Map();
  const position = { source: 's', file: 0, base: 0, counted: 0, shipped: 0 };
  const never = (): boolean => false;
  const reader = createReader(
    { clock: systemClock, path, rotateAt: () => 1e12, reopen: never, keep: never, lost: never },
    position,
  );
  let read = 0;
  const started = ownTime();
  while (
    reader.next((text) => {
      const parsed = parseLine(text);
      if (parsed) {
        countLine(minutes, parsed);
        read += 1;
      }
    })
  ) {
    // Until the end of the file.
  }
  const seconds = ownTime() - started;
  reader.close();
  rmSync(folder, { recursive: true });
  return read / seconds;
}

/** Lines a second of processor from undecoded messages into the store, and the median of its writes' lengths. */
async function taking(): Promise<{ rate: number; writeMs: number }> {
  const folder = mkdtempSync(join(tmpdir(), 'nxmesh-bench-'));
  const store = sqliteReadStore({ path: join(folder, 'telemetry.db'), clock: systemClock });
  const writes: number[] = [];
  const telemetryStore: typeof store = {
    ...store,
    write: async (ops) => {
      const from = ownTime();
      await store.write(ops);
      writes.push((ownTime() - from) * 1000);
    },
  };
  await telemetryStore.define(TELEMETRY_COLLECTIONS);
  const deps = {
    telemetryStore,
    clock: systemClock,
    timers: systemTimers,
    random: systemRandom,
    logger: silent,
  };
  const intake = logIntake(deps, allowance(systemClock, 1e9, 1e9), {
    ...defaultSettings.retention,
    accessLogBytes: 1e12,
  });
  const at = systemClock.now();
  const messages = Array.from({ length: LINES / 500 / 2 }, (_, message) =>
    LogBatch.encode(
      LogBatch.fromPartial({
        source: 's',
        entries: Array.from({ length: 500 }, (_, n) => ({
          timestamp: BigInt(Math.trunc(at + message)),
          level: 'access',
          sequence: BigInt(1 + message * 500 + n),
          fields: parseLine(line(message * 500 + n))?.fields ?? {},
        })),
      }),
    ).finish(),
  );
  const agent = {
    agentId: uuidv7(systemClock, systemRandom),
    workspaceId: uuidv7(systemClock, systemRandom),
    organizationId: uuidv7(systemClock, systemRandom),
  };
  const started = ownTime();
  // Four are under way, as with an agent.
  let next = 0;
  const one = async (): Promise<void> => {
    for (let bytes = messages[next++]; bytes !== undefined; bytes = messages[next++]) {
      await intake.take(agent, LogBatch.decode(bytes));
    }
  };
  await Promise.all([one(), one(), one(), one()]);
  const seconds = ownTime() - started;
  await intake.close();
  await telemetryStore.close();
  rmSync(folder, { recursive: true });
  return { rate: (messages.length * 500) / seconds, writeMs: median(writes) };
}

if (process.argv[2] === '--load') {
  const [port, seconds] = process.argv.slice(3).map(Number);
  const result = await autocannon({
    url: `http://127.0.0.1:${port}/`,
    connections: 32,
    duration: seconds ?? 1,
  });
  console.log(result.requests.average);
} else {
  const costs: Record<Kind, Cost[]> = { none: [], log: [], agent: [] };
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const kind of ['none', 'log', 'agent'] as const) {
      costs[kind].push(await serving(kind));
    }
  }
  const of = (kind: Kind, what: keyof Cost): number => median(costs[kind].map((cost) => cost[what]));
  const micros = (value: number): string => `${value.toFixed(1)} µs`;
  const none = of('none', 'nginx');
  console.log(`nginx, a request, no log   ${micros(none)}  (${perSecond(of('none', 'perSecond'))})`);
  for (const kind of ['log', 'agent'] as const) {
    const nginx = of(kind, 'nginx');
    const rate = perSecond(of(kind, 'perSecond'));
    console.log(
      `  with ${kind === 'log' ? 'the log         ' : 'the agent reading'}   ${micros(nginx)}  × ${ratio(nginx, none)}  (${rate})`,
    );
  }
  console.log(`agent, for each request    ${micros(of('agent', 'agent'))}`);
  console.log(
    `agent, lines read and counted     ${perSecond(median([reading(), reading(), reading()]))} of processor`,
  );
  const taken = [await taking(), await taking(), await taking()];
  console.log(
    `gateway, lines taken into SQLite  ${perSecond(median(taken.map(({ rate }) => rate)))} of processor`,
  );
  console.log(
    `  one write of 1,000 lines        ${median(taken.map(({ writeMs }) => writeMs)).toFixed(1)} ms`,
  );
}
