// SPDX-License-Identifier: Apache-2.0
/**
 * The past of a workspace of many versions: how long what history asks of it takes, the first time and then, and for
 * how long it holds the event loop at once.
 *
 *   node dist/bench/versions.js [versions = 10000] [upstreams = 1000] [hosts = 200]
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { undoAt } from '../commands/rewind/versions.js';
import { initialConfig } from '../domain/index.js';
import { type Expected, eventLog } from '../event-log/index.js';
import { sqliteLog } from '../event-log/sqlite/index.js';
import { systemClock as clock, pace, streams } from '../kernel/index.js';
import { gather, nothing } from '../projections/desired-config/pending.js';
import { planVersion } from '../projections/desired-config/plan.js';
import { AT, agent, digest, event, id, upstream, virtualHost } from '../projections/facts.harness.js';
import { configDiff, configFolds, fileDiffs, past as pastOf, rendererFor } from '../projections/index.js';
import type { Fact, NewEvent, WorkspaceEvent } from '../schemas/index.js';

const VERSIONS = Number(process.argv[2] ?? 10_000);
const UPSTREAMS = Number(process.argv[3] ?? 1_000);
const HOSTS = Number(process.argv[4] ?? 200);
const STEP = 100;
const WORKSPACE = id('workspace', 'w');
const AGENT = id('agent', 'a');
const BUILD = { nginx_version: '1.22.1', modules: [], bundle_prefix: '', web_roots: {} };
const folder = mkdtempSync(join(tmpdir(), 'nxmesh-bench-'));
const log = eventLog(await sqliteLog(join(folder, 'events.db')));

const host = (n: number) => {
  const one = virtualHost(`h${n}`);
  const locations = one.locations.map((at) => ({ ...at, upstream_id: id('upstream', `u${n % UPSTREAMS}`) }));
  return { ...one, locations };
};
const fact = (n: number): Fact =>
  n % 5 === 0
    ? {
        type: 'virtual_host.updated',
        data: {
          virtual_host: { ...host(n % HOSTS), server_name: `v${n}.example.com` },
          changed: ['server_name'],
        },
      }
    : {
        type: 'upstream.updated',
        data: { upstream: upstream(`u${n % UPSTREAMS}`, 2, 2 + (n % 98)), changed: ['servers'] },
      };

const config = initialConfig();
let revision = -1n;
const version = (facts: readonly Fact[]): NewEvent[] => {
  const pending = nothing();
  for (const one of facts) {
    revision += 1n;
    gather(pending, { ...event(one), revision } as unknown as WorkspaceEvent);
  }
  return planVersion(WORKSPACE, config, pending).map((one) => event(one));
};

const heads = new Map<string, Expected>();
async function append(stream: string, events: readonly NewEvent[]): Promise<void> {
  heads.set(stream, (await log.append(stream, heads.get(stream) ?? 'none', events)).revision);
}
await append(
  streams.config(WORKSPACE),
  version([
    { type: 'agent.enrolled', data: { agent: agent('a'), token_sha256: digest('t'), token_expires_at: AT } },
    ...Array.from(
      { length: UPSTREAMS },
      (_, n): Fact => ({
        type: 'upstream.created',
        data: { upstream: upstream(`u${n}`) },
      }),
    ),
    ...Array.from(
      { length: HOSTS },
      (_, n): Fact => ({
        type: 'virtual_host.created',
        data: { virtual_host: host(n) },
      }),
    ),
  ]),
);
for (let from = 2; from <= VERSIONS; from += STEP) {
  const numbers = Array.from({ length: Math.min(STEP, VERSIONS - from + 1) }, (_, n) => from + n);
  await append(
    streams.config(WORKSPACE),
    numbers.flatMap((n) => version([fact(n)])),
  );
  const at = AT;
  const one = (n: number) => ({ agent_id: AGENT, version: n, digest: digest(String(n)), at });
  const ran = numbers.flatMap((n): Fact[] => [
    { type: 'config.sent', data: one(n) },
    { type: 'config.applied', data: { ...one(n), duration_ms: 1, stages: {} } },
  ]);
  await append(streams.agent(AGENT), ran.map(event));
}
const head = await log.head();
const deps = { log, clock, configs: configFolds({ log, clock }) };
const past = pastOf(deps);

/** What this thread has worked, in ms: on a busy machine the wall clock tells of others. */
const worked = (): number =>
  Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ')[0]) / 1e6;

/** The longest that nothing else had its turn meanwhile. */
async function held(task: () => Promise<unknown>): Promise<{ ms: number; longest: number }> {
  let [running, longest, last] = [true, 0, worked()];
  const turn = (): void => {
    const now = worked();
    longest = Math.max(longest, now - last);
    last = now;
    if (running) {
      setImmediate(turn);
    }
  };
  await new Promise((resolve) => setImmediate(resolve));
  last = worked();
  setImmediate(turn);
  const before = performance.now();
  await task();
  const ms = performance.now() - before;
  await new Promise((resolve) => setImmediate(resolve));
  running = false;
  return { ms, longest };
}

async function measure(name: string, task: () => Promise<unknown>): Promise<void> {
  const [first, ...more] = [await held(task), await held(task), await held(task), await held(task)];
  const longest = Math.max(...[first, ...more].map((one) => one.longest));
  const again = Math.min(...more.map(({ ms }) => ms));
  console.log(
    `${name.padEnd(40)} first ${first.ms.toFixed(0).padStart(6)} ms, again ${again.toFixed(0).padStart(6)} ms, holds the loop for ${longest.toFixed(1)} ms`,
  );
}

const diff = async (from: number, to: number, files: boolean): Promise<void> => {
  const found = await past.versions(WORKSPACE, [from, to]);
  const [a, b] = [found.get(from)?.config, found.get(to)?.config];
  if (!a || !b) {
    throw new Error('no such version');
  }
  const breathe = pace(clock);
  await configDiff(a, b, breathe);
  if (files) {
    const render = rendererFor(AGENT, BUILD, breathe);
    await fileDiffs((await render(a))?.bundle ?? null, (await render(b))?.bundle ?? null, breathe);
  }
};
console.log(`${VERSIONS} versions of ${UPSTREAMS} upstreams and ${HOSTS} hosts`);
await measure('diff of the newest two', () => diff(VERSIONS - 1, VERSIONS, false));
await measure('diff of the first and the newest', () => diff(1, VERSIONS, false));
await measure('diff of two in the middle', () => diff(VERSIONS / 2, VERSIONS / 2 + 1, false));
await measure('the same, with the files of an agent', () => diff(VERSIONS / 2, VERSIONS / 2 + 1, true));
await measure('the version of now', () => past.versionAt(WORKSPACE, head));
await measure('the version of half-way', () => past.versionAt(WORKSPACE, head / 2n));
await measure('what an agent has proven', () => past.agentAt(AGENT, head));
await measure('undo of the newest', () => undoAt(deps, WORKSPACE, VERSIONS));
await measure('undo of the one in the middle', () => undoAt(deps, WORKSPACE, VERSIONS / 2));
await measure('undo of the second', () => undoAt(deps, WORKSPACE, 2));
await log.close();
rmSync(folder, { recursive: true });
