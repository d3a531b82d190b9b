// SPDX-License-Identifier: Apache-2.0
/** What agents are asked to do, over real HTTP; no agent answers. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { AT, id } from '../domain/workspace/workspace.fixture.js';
import { Secret, streams, timestamp } from '../kernel/index.js';
import { closed } from '../schemas/index.js';
import { agentCommands } from './agent.js';
import type { CommandDeps } from './request.js';
import { workspaceApp } from './workspace-app.harness.js';

const agentId = id(500);
let ahead = 0;
let known: CommandDeps | undefined;
const app = await workspaceApp((deps) => {
  known = deps;
  return agentCommands({
    ...deps,
    clock: { now: () => deps.clock.now() + ahead, monotonic: deps.clock.monotonic },
    locate: async () => ({ workspaceId: id(1), organizationId: id(999) }),
    tokenSecret: () => new Secret(Buffer.alloc(32)),
    makeToken: () => new Secret('token'),
    commandResult: async () => undefined,
    shownAgent: { schema: closed({}), load: async () => ({}) },
  });
});
test.after(() => app.close());

const reload = (headers: Record<string, string>) =>
  app.send('POST', `/v1/agents/${agentId}/reload`, undefined, headers);

test('an agent that is not connected is asked nothing', async () => {
  assert.is((await reload({})).status, 503);
});

test('a reload asked for again with its key is the one that was begun, answered as the first time', async () => {
  const facts = {
    hostname: 'web-01',
    ip_address: '10.0.1.10',
    version: '0.1.0',
    deployment_mode: 'standalone' as const,
    capabilities: [],
    nginx_version: '1.22.1',
  };
  await known?.handlers.agent.run(
    streams.agent(agentId),
    agentId,
    { type: 'connect', data: { agent_id: agentId, session_id: id(501), facts, at: AT } },
    { commandId: 'connect', digest: 'd', correlationId: 'r', causationId: 'r', actor: 'system' },
    () => undefined,
  );
  const headers = { prefer: 'respond-async', 'idempotency-key': 'once' };
  const first = await reload(headers);
  assert.is(first.status, 202, first.text);
  assert.is(first.headers['location'], `/v1/operations/${first.json.id}`);
  ahead = 60_000;
  const again = await reload(headers);
  assert.is(again.status, 202);
  assert.equal(again.json, first.json);
  const other = await reload({ prefer: 'respond-async' });
  assert.is.not(other.json.id, first.json.id);
  assert.ok(other.json.created_at > first.json.created_at);
  assert.ok(other.json.created_at > timestamp(Date.parse(first.json.created_at) + 50_000));
});

test.run();
