// SPDX-License-Identifier: Apache-2.0
import { commandHandlers } from '../../commands/handlers.js';
import { writeRoutes } from '../../commands/index.js';
import { id } from '../../domain/workspace/workspace.fixture.js';
import { eventLog, memoryLog } from '../../event-log/index.js';
import { newId, startApp } from '../../http/http.harness.js';
import { deferred, streams, systemClock, systemRandom, systemTimers, timestamp } from '../../kernel/index.js';
import { configFolds, lastOf, past, reader, readModels, runDesiredConfig } from '../../projections/index.js';
import { startRunner } from '../../projections/runner.harness.js';
import { agentHealth, queryRoutes } from '../../read-api/index.js';
import { memoryReadStore } from '../../read-store/index.js';
import { until } from './until.js';

type WriteDeps = Parameters<typeof writeRoutes>[0];
type ReadDeps = Parameters<typeof queryRoutes>[0];

const DAY_MS = 86_400_000;

export const MINE = id(1);
export const [ACME, RIVAL] = [id(11), id(12)];

/** Write and query routes over real read models and the workflow, in memory. */
export async function pastApi() {
  const deps = { clock: systemClock, timers: systemTimers, random: systemRandom };
  const fault: { append?: Error | undefined } = {};
  const stored = eventLog(memoryLog());
  const log: typeof stored = {
    ...stored,
    append: (...args) => (fault.append ? Promise.reject(fault.append) : stored.append(...args)),
  };
  const store = memoryReadStore(deps);
  const handlers = commandHandlers({ log, ...deps });
  const runner = startRunner(log, store);
  const ending = new AbortController();
  let published = 0n;
  const checkpoint = {
    load: async () => 0n,
    save: async (position: bigint) => {
      published = position;
    },
  };
  let gate = Promise.resolve();
  const workflow = runDesiredConfig(
    { log, clock: systemClock, checkpoint, rested: () => gate },
    ending.signal,
  );
  const read = reader(store, readModels);
  const passed = (position: bigint, ms: number): Promise<boolean> => runner.passed(position, ms);
  const at = timestamp(systemClock.now());
  for (const [organizationId, workspaceId] of [
    [ACME, MINE],
    [RIVAL, id(2)],
  ] as const) {
    await handlers.workspace.run(
      streams.workspace(workspaceId),
      workspaceId,
      { type: 'create-workspace', id: workspaceId, organizationId, body: { name: 'W', slug: 'w' }, at },
      {
        commandId: newId(),
        digest: 'd',
        correlationId: 'shared',
        causationId: 'r',
        actor: 'system',
        organizationId,
        workspaceId,
      },
      () => undefined,
    );
  }
  // A certificate as an upload leaves it; how its key is kept is another test's.
  const certify = (certificateId: string, name: string) =>
    handlers.workspace.run(
      streams.workspace(MINE),
      certificateId,
      {
        type: 'upload-certificate',
        id: certificateId,
        upload: {
          domain: name,
          names: [name],
          fingerprint: 'a'.repeat(64),
          issued_at: at,
          expires_at: timestamp(systemClock.now() + 90 * DAY_MS),
          auto_renew: false,
        },
        at,
      },
      {
        commandId: newId(),
        digest: 'd',
        correlationId: 'r',
        causationId: 'r',
        actor: 'user:1',
        organizationId: ACME,
        workspaceId: MINE,
      },
      () => undefined,
    );
  const locate: WriteDeps['locate'] = async (kind, wanted) => {
    const place = await read.get('places', wanted);
    if (place?.kind !== kind) {
      return undefined;
    }
    const workspace = kind === 'workspace' ? place : await read.get('places', place.parent);
    return workspace && { workspaceId: workspace.id, organizationId: workspace.parent };
  };
  const configs = configFolds({ log, ...deps });
  const write = {
    handlers,
    locate,
    passed,
    log,
    configs,
    lastOf: lastOf(read),
    shownAgent: { schema: {}, load: async () => ({}) },
    ...deps,
  } as unknown as WriteDeps;
  const queries = {
    reader: read,
    passed,
    health: agentHealth(store),
    past: past({ log, configs, ...deps }),
    ...deps,
  } as unknown as ReadDeps;
  const wanted = /Upstream|VirtualHost|Location|Version|Certificate|Request|Change|History|Workspace/;
  const routes = [...writeRoutes(write), ...queryRoutes(queries)].filter(({ operationId }) =>
    wanted.test(operationId),
  );
  const app = await startApp(routes);
  return {
    ...app,
    log,
    fault,
    certify,
    /** What is changed meanwhile comes into one version, but for the first change, on which the workflow rests. */
    together: async <T>(task: () => Promise<T>): Promise<T> => {
      const open = deferred();
      gate = open.promise;
      try {
        return await task();
      } finally {
        open.resolve();
      }
    },
    /** The newest version, once everything that was written is in one. */
    newest: async (): Promise<number> => {
      const head = await log.head();
      await until('published', () => published >= head || undefined);
      await runner.passed(await log.head(), 5_000);
      const found = await read.find('versions', {
        where: { workspace_id: MINE },
        orderBy: 'number',
        descending: true,
        limit: 1,
      });
      return found.items[0]?.number ?? 0;
    },
    end: async () => {
      ending.abort();
      await workflow;
      await runner.stop();
      await app.close();
    },
  };
}
