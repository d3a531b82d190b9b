// SPDX-License-Identifier: Apache-2.0
/**
 * Random histories of a workspace, undo and rollback among them: every moment of the past is what it was, taking back
 * the newest version gives what stood before it, and going back to a version gives its bytes to every agent.
 */
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { commandHandler } from '../commands/handler.js';
import { targetAt, undoAt } from '../commands/rewind/versions.js';
import { type WorkspaceCommand, type WorkspaceState, workspace } from '../domain/index.js';
import { AT, id, WORKSPACE } from '../domain/workspace/workspace.fixture.js';
import { eventLog, memoryLog } from '../event-log/index.js';
import { NxError, pace, streams, systemClock, systemTimers, timestamp, uuidv5 } from '../kernel/index.js';
import { desiredConfig } from '../projections/desired-config/workflow.js';
import {
  configFolds,
  past,
  positionAt,
  reader,
  readModels,
  rendererFor,
  standing,
  standingAll,
} from '../projections/index.js';
import { records } from '../projections/records/index.js';
import { startRunner } from '../projections/runner.harness.js';
import { memoryReadStore } from '../read-store/index.js';
import type { WorkspaceEvent } from '../schemas/index.js';

const STREAM = streams.workspace(WORKSPACE);
const BUILD = { nginx_version: '1.22.1', modules: ['http_ssl_module'], bundle_prefix: '', web_roots: {} };
const AGENTS = [id(901), id(902)];

/** What a history does next: a kind of step, which resource, and a number that decides the rest. */
const step = fc.tuple(
  fc.constantFrom(
    'upstream',
    'host',
    'drop-upstream',
    'drop-host',
    'labels',
    'undo',
    'undo-last',
    'rollback',
  ),
  fc.integer({ min: 1, max: 4 }),
  fc.nat(1_000),
);
type Step = readonly [kind: string, which: number, n: number];

type Snapshot = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

const snapshotOf = (state: WorkspaceState): Snapshot => ({
  agent: Object.fromEntries([...state.agents].map(([key, { agent }]) => [key, agent])),
  upstream: Object.fromEntries(state.upstreams),
  virtual_host: Object.fromEntries(state.virtualHosts),
});

/** What a snapshot says, without when it was said. */
const said = (snapshot: Snapshot): unknown =>
  JSON.parse(
    JSON.stringify(snapshot, (key, value) =>
      key === 'updated_at'
        ? undefined
        : typeof value === 'object' && value !== null && !Array.isArray(value)
          ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
          : value,
    ),
  );

async function world() {
  let now = Date.parse(AT);
  const clock = { now: () => now, monotonic: () => systemClock.monotonic() };
  const log = eventLog(memoryLog());
  const handler = commandHandler({ log, clock, timers: systemTimers }, workspace);
  const workflow = desiredConfig({ log, clock });
  let count = 0;
  let taken = 0n;
  const at = (): string => timestamp(now);

  /** Does a command and publishes; false when it was refused or changed nothing. */
  async function run(command: WorkspaceCommand): Promise<boolean> {
    now += 1_000;
    count += 1;
    const commandId = uuidv5('history', count);
    const cause = { correlationId: commandId, causationId: commandId, actor: 'user:1', digest: 'd' };
    try {
      const { position } = await handler.run(
        STREAM,
        WORKSPACE,
        command,
        { ...cause, commandId, organizationId: id(999), workspaceId: WORKSPACE },
        () => undefined,
      );
      for await (const event of log.read(STREAM, { from: taken })) {
        await workflow.take(event as WorkspaceEvent);
        taken = event.revision + 1n;
      }
      await workflow.settle();
      return position !== undefined;
    } catch (error) {
      if (error instanceof NxError) {
        return false;
      }
      throw error;
    }
  }

  const state = (): Promise<Snapshot> => handler.peek(STREAM, snapshotOf);
  const versions = async (): Promise<number> => {
    let newest = 0;
    for await (const event of log.read(streams.config(WORKSPACE))) {
      newest = event.type === 'config.version_published' ? event.data.version : newest;
    }
    return newest;
  };
  await run({
    type: 'create-workspace',
    id: WORKSPACE,
    organizationId: id(999),
    body: { name: 'P', slug: 'p' },
    at: at(),
  });
  for (const [index, agentId] of AGENTS.entries()) {
    await run({
      type: 'enrol-agent',
      id: agentId,
      body: { name: `agent-${index}`, labels: { tier: index === 0 ? 'web' : 'api' } },
      tokenSha256: 'a'.repeat(64),
      expiresAt: at(),
      at: at(),
    });
  }
  return { log, clock, configs: configFolds({ log, clock }), run, state, versions, at };
}

type World = Awaited<ReturnType<typeof world>>;

/** The command of a step; undefined where it makes none. */
async function commandOf(w: World, [kind, which, n]: Step): Promise<WorkspaceCommand | undefined> {
  const at = w.at();
  const now = await w.state();
  const [upstreamId, hostId] = [id(which), id(100 + which)];
  const newest = await w.versions();
  const version = 1 + (n % Math.max(newest, 1));
  switch (kind) {
    case 'upstream': {
      const body = {
        name: `u-${which}`,
        servers: [{ address: `10.0.0.${1 + (n % 250)}:80` }],
        algorithm: n % 3 === 0 ? ('ip_hash' as const) : ('round_robin' as const),
      };
      return now.upstream?.[upstreamId]
        ? {
            type: 'update-upstream',
            id: upstreamId,
            body: n % 2 === 0 ? body : { keepalive_connections: n },
            at,
          }
        : { type: 'create-upstream', id: upstreamId, body, at };
    }
    case 'host': {
      const path = `/p${n % 3}`;
      const upstream_id = id(1 + (n % 4));
      const location = now.upstream?.[upstream_id]
        ? { path, upstream_id }
        : { path, proxy_pass: 'http://10.1.1.1/' };
      const body = {
        name: `h-${which}`,
        server_name: `h${which}-${n % 2}.example.com`,
        locations: [location],
        target_agents:
          n % 3 === 0
            ? { type: 'all' as const }
            : { type: 'selector' as const, label_selector: n % 3 === 1 ? 'tier=web' : 'tier=api' },
      };
      return now.virtual_host?.[hostId]
        ? { type: 'update-virtual-host', id: hostId, body, at }
        : { type: 'create-virtual-host', id: hostId, body, at };
    }
    case 'drop-upstream':
      return { type: 'delete-upstream', id: upstreamId, at };
    case 'drop-host':
      return { type: 'delete-virtual-host', id: hostId, at };
    case 'labels': {
      const labels = { tier: n % 2 === 0 ? 'web' : 'api', n: String(n % 3) };
      return { type: 'update-agent', id: AGENTS[which % 2] ?? '', body: { labels }, at };
    }
    case 'undo':
      return { type: 'undo-version', plan: (await undoAt(w, WORKSPACE, version)).plan, at };
    case 'undo-last':
      return { type: 'undo-version', plan: (await undoAt(w, WORKSPACE, newest)).plan, at };
    default:
      return { type: 'roll-back', target: (await targetAt(w, WORKSPACE, version)).target, at };
  }
}

async function digests(w: World, version: number): Promise<(string | null | undefined)[]> {
  const config = (await past(w).versions(WORKSPACE, [version])).get(version)?.config;
  assert.ok(config);
  const rendered = await Promise.all(
    AGENTS.map((agentId) => rendererFor(agentId, BUILD, pace(w.clock))(config)),
  );
  return rendered.map((one) => one?.bundle?.digest);
}

let undone = 0;
let rolledBack = 0;
let applied = 0;

async function holds(steps: readonly Step[]): Promise<void> {
  const w = await world();
  const moments: { at: string; position: bigint; state: Snapshot }[] = [];
  let before: Snapshot | undefined;
  for (const one of steps) {
    const stood = await w.state();
    const newest = await w.versions();
    const command = await commandOf(w, one);
    const done = command !== undefined && (await w.run(command));
    const state = await w.state();
    if (!done) {
      assert.equal(state, stood, 'a refusal changes nothing');
      continue;
    }
    applied += 1;
    if (one[0] === 'undo-last' && before) {
      undone += 1;
      assert.equal(said(state), said(before), 'undo of the newest version');
    }
    if (one[0] === 'rollback') {
      rolledBack += 1;
      const version = 1 + (one[2] % Math.max(newest, 1));
      const [then, now] = [await digests(w, version), await digests(w, await w.versions())];
      for (const [index, digest] of then.entries()) {
        // An agent that joined since was to run nothing then.
        assert.ok(digest === undefined || digest === now[index], `back to ${version}`);
      }
    }
    // Only where the newest version is this very change does taking it back lead here.
    before = (await w.versions()) > newest ? stood : undefined;
    moments.push({ at: w.at(), position: await headOf(w), state });
  }
  await everyMomentStands(w, moments);
}

async function headOf(w: World): Promise<bigint> {
  let position = 0n;
  for await (const event of w.log.read(STREAM)) {
    position = event.position;
  }
  return position;
}

async function everyMomentStands(
  w: World,
  moments: readonly { at: string; position: bigint; state: Snapshot }[],
): Promise<void> {
  const store = memoryReadStore({ clock: systemClock });
  const runner = startRunner(w.log, store, [records]);
  assert.ok(await runner.passed(await w.log.head(), 10_000));
  await runner.stop();
  const read = reader(store, readModels);
  for (const { at, position, state } of moments) {
    const byInstant = await positionAt(read, at);
    for (const kind of ['agent', 'upstream', 'virtual_host'] as const) {
      const expected = state[kind] ?? {};
      for (const moment of [position, byInstant]) {
        const all = await standingAll(read, WORKSPACE, kind, moment, pace(systemClock));
        assert.equal(Object.fromEntries(all.map((one) => [one.resource_id, one.after])), { ...expected });
      }
      for (const [resourceId, resource] of Object.entries(expected)) {
        assert.equal((await standing(read, kind, resourceId, position))?.after, resource);
      }
    }
  }
}

test('the past is what it was, undo takes back, rollback gives the same bytes', async () => {
  const property = fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), holds);
  await fc.assert(property, { seed: 11, numRuns: 40, includeErrorInReport: true });
  // It says nothing if nothing was undone.
  assert.ok(applied > 200 && undone > 30 && rolledBack > 30, `${applied} ${undone} ${rolledBack}`);
});

test.run();
