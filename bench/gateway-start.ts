// SPDX-License-Identifier: Apache-2.0
/**
 * How long a gateway reads before it listens: a history of versions, and of what the agents made of them, folded from the
 * embedded log as at each start. Beside it, reading alone. CPU and wall time, medians.
 *
 *   node dist/bench/gateway-start.js [events = 100000] [agents = 200] [rounds = 5]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { desired } from '../agent-gateway/desired.js';
import { follow } from '../agent-gateway/follow.js';
import { memory } from '../agent-gateway/memory.js';
import { type EventLog, eventLog } from '../event-log/index.js';
import { sqliteLog } from '../event-log/sqlite/index.js';
import { streams, systemRandom, systemTimers, uuidv5 } from '../kernel/index.js';
import { bundler } from '../nginx/index.js';
import * as make from '../projections/facts.harness.js';
import type { Fact, StoredEvent } from '../schemas/index.js';
import { median } from './figures.js';

const [count = 100_000, agents = 200, rounds = 5] = process.argv.slice(2).map(Number);
const WORKSPACE = uuidv5('test', 'workspace', 'w');
/** A version that all agents apply is followed by two facts of each of some of them. */
const TELLING = 2;

function published(version: number): Fact<'config.version_published'> {
  const all = Array.from({ length: agents }, (_, n) => make.agent(String(n)));
  return {
    type: 'config.version_published',
    data: {
      workspace_id: WORKSPACE,
      version,
      part: 1,
      parts: 1,
      source_revision: String(version),
      compiler_version: 1,
      upserts: [
        ...(version === 1
          ? all.map(({ id, labels }) => ({ kind: 'agent' as const, id, resource: { labels } }))
          : []),
        {
          kind: 'virtual_host',
          id: make.id('host', version % 100),
          resource: make.virtualHost(`h${version % 100}`),
        },
      ],
      removes: [],
      targets: { all: make.digest(String(version)) },
      causes: [],
    },
  };
}

async function fill(log: EventLog): Promise<void> {
  const heads = new Map<string, bigint>();
  const waiting: Promise<unknown>[] = [];
  const append = async (stream: string, ...facts: readonly Fact[]): Promise<void> => {
    const head = heads.get(stream);
    heads.set(stream, (head ?? -1n) + BigInt(facts.length));
    waiting.push(log.append(stream, head ?? 'none', facts.map(make.event)));
    if (waiting.length >= 500) {
      await Promise.all(waiting.splice(0));
    }
  };
  const each = 1 + 2 * TELLING;
  for (let version = 1; version <= count / each; version += 1) {
    await append(streams.config(WORKSPACE), published(version));
    for (let n = 0; n < TELLING; n += 1) {
      const agent_id = make.agent(String((version * TELLING + n) % agents)).id;
      const target = { agent_id, version, digest: make.digest(String(version)), at: make.AT };
      await append(
        streams.agent(agent_id),
        { type: 'config.sent', data: target },
        { type: 'config.applied', data: { ...target, duration_ms: 90, stages: { tested: 10, proven: 60 } } },
      );
    }
  }
  await Promise.all(waiting);
}

async function start(
  log: EventLog,
  on: (event: StoredEvent) => void,
): Promise<{ wall: number; cpu: number }> {
  const logger = { info: () => {}, warn: () => {}, error: console.error };
  const [began, used] = [performance.now(), process.cpuUsage()];
  const following = follow({ log, timers: systemTimers, random: systemRandom, logger, on }, [
    'config',
    'agent',
  ]);
  await following.caughtUp;
  const { user, system } = process.cpuUsage(used);
  const wall = performance.now() - began;
  await following.stop();
  return { wall, cpu: (user + system) / 1000 };
}

const folder = mkdtempSync(join(tmpdir(), 'nxmesh-gateway-start-'));
const log = eventLog(await sqliteLog(join(folder, 'events.db')));
await fill(log);
const figures = { read: [] as { wall: number; cpu: number }[], fold: [] as { wall: number; cpu: number }[] };
for (let round = 0; round < rounds; round += 1) {
  figures.read.push(await start(log, () => {}));
  const [known, wanted] = [memory(), desired(bundler)];
  figures.fold.push(
    await start(log, (event) => {
      known.apply(event);
      wanted.apply(event);
    }),
  );
}
for (const [name, all] of Object.entries(figures)) {
  const [wall, cpu] = [median(all.map((one) => one.wall)), median(all.map((one) => one.cpu))];
  console.log(`${count} events, ${agents} agents, ${name}: ${wall.toFixed(0)} ms, CPU ${cpu.toFixed(0)} ms`);
}
await log.close();
rmSync(folder, { recursive: true });
