// SPDX-License-Identifier: Apache-2.0
/** Write routes over real HTTP on a log in memory, with one workspace and an editor of it. */
import { AT, id, WORKSPACE } from '../domain/workspace/workspace.fixture.js';
import { eventLog, memoryLog } from '../event-log/index.js';
import { startApp } from '../http/http.harness.js';
import type { Route } from '../http/index.js';
import { streams, systemClock, systemRandom, systemTimers } from '../kernel/index.js';
import { commandHandlers } from './handlers.js';
import type { CommandDeps } from './request.js';

export async function workspaceApp(routes: (deps: CommandDeps) => Route[]) {
  const log = eventLog(memoryLog());
  const deps = { clock: systemClock, timers: systemTimers, random: systemRandom };
  const handlers = commandHandlers({ log, ...deps });
  const stream = streams.workspace(WORKSPACE);
  await handlers.workspace.run(
    stream,
    WORKSPACE,
    {
      type: 'create-workspace',
      id: WORKSPACE,
      organizationId: id(999),
      body: { name: 'W', slug: 'w' },
      at: AT,
    },
    { commandId: 'c', digest: 'd', correlationId: 'r', causationId: 'r', actor: 'system' },
    () => undefined,
  );
  const known = (wanted: string) =>
    handlers.workspace.peek(
      stream,
      (state) =>
        wanted === WORKSPACE ||
        [state.upstreams, state.virtualHosts, state.certificates].some((all) => all.has(wanted)),
    );
  const app = await startApp(
    routes({
      handlers,
      ...deps,
      passed: async () => true,
      locate: async (_kind, wanted) =>
        (await known(wanted)) ? { workspaceId: WORKSPACE, organizationId: id(999) } : undefined,
    }),
  );
  const { token } = await app.user({ [id(999)]: 'editor' });
  return {
    ...app,
    send: (method: string, path: string, json?: unknown, headers: Record<string, string> = {}) =>
      app.call(method, path, { token, headers, ...(json === undefined ? {} : { json }) }),
    /** Types of all that was written. */
    facts: async () => {
      const types: string[] = [];
      for await (const event of log.read(stream)) {
        types.push(event.type);
      }
      return types;
    },
  };
}
