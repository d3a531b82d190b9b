// SPDX-License-Identifier: Apache-2.0
import { randomUUID } from 'node:crypto';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ConfigApplyStatus } from '../proto/index.js';
import { connectAgent } from './agent.harness.js';
import { agentUpsert, host, hostUpsert, world } from './gateway.harness.js';

test('an agent registers, is sent what is desired, and its proof is recorded', async () => {
  const w = await world();
  const gateway = await w.start();
  const agentId = randomUUID();
  await w.publish({ upserts: [agentUpsert(agentId), hostUpsert(host())] });
  const keys = await w.enrol(gateway.port, agentId);
  const agent = await connectAgent(gateway.port, keys, agentId);
  const [update] = await agent.nextUpdate();
  assert.is(update?.version, 1n);
  assert.is(update?.configId, update?.digest);
  agent.answer(update, ConfigApplyStatus.SUCCESS, { stageMs: { tested: 5, nonsense: 7 } });
  const facts = await w.until(agentId, (known) => known.some(({ type }) => type === 'config.applied'));
  assert.equal(
    facts.map(({ type }) => type),
    ['agent.connected', 'nginx.reported', 'config.sent', 'config.applied'],
  );
  const applied = facts.at(-1);
  assert.equal(applied?.type === 'config.applied' && applied.data.stages, { tested: 5 });
  agent.close();
  await w.until(agentId, (known) => known.at(-1)?.type === 'agent.disconnected');
  await gateway.close();
});

test.run();
