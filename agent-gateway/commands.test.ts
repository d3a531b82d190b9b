// SPDX-License-Identifier: Apache-2.0
import { randomUUID } from 'node:crypto';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { timestamp } from '../kernel/index.js';
import { CommandResult, ConfigApplyStatus, HealthReport } from '../proto/index.js';
import { connectAgent, type ScriptedAgent } from './agent.harness.js';
import { agentUpsert, type World, world } from './gateway.harness.js';
import { last, scene, story } from './scene.harness.js';

async function applied(agent: ScriptedAgent): Promise<string> {
  const [update] = await agent.nextUpdate();
  agent.answer(update, ConfigApplyStatus.SUCCESS);
  return update?.digest ?? '';
}

const ask = async (w: World, agentId: string, kind: 'reload' | 'stop', at = Date.now()): Promise<string> => {
  const command_id = randomUUID();
  await w.request(agentId, { type: 'request', agent_id: agentId, command_id, kind, at: timestamp(at) });
  return command_id;
};

test(
  'a command reaches its agent and its outcome the log',
  scene(async ({ w, port, agentId, keys }) => {
    const agent = await connectAgent(port, keys, agentId);
    await applied(agent);
    await w.until(agentId, (facts) => last(facts) === 'config.applied');
    const id = await ask(w, agentId, 'reload');
    const command = await agent.next('command');
    assert.is(command.commandId, id);
    assert.equal(command.command, { $case: 'reload', value: { graceful: true } });
    const answer = (commandId: string, success: boolean): void =>
      agent.send({
        $case: 'commandResult',
        value: CommandResult.fromPartial({ commandId, success, message: 'ok\u0007' }),
      });
    answer(randomUUID(), true);
    answer(id, true);
    answer(id, false);
    const facts = await w.until(agentId, (known) => last(known) === 'agent_command.completed true');
    const done = facts.at(-1);
    assert.is(done?.type === 'agent_command.completed' && done.data.message, 'ok\\u0007');
    await ask(w, agentId, 'stop');
    assert.is((await agent.next('command')).command?.$case, 'stop');
    agent.close();
    const ended = await w.until(agentId, (known) => story(known).includes('agent_command.completed false'));
    assert.is(story(ended).filter((one) => one.startsWith('agent_command.completed')).length, 2);
  }),
);

test(
  'a command that is not answered has failed',
  scene(
    async ({ w, port, agentId, keys }) => {
      const agent = await connectAgent(port, keys, agentId);
      await w.until(agentId, (facts) => facts.length > 0);
      await ask(w, agentId, 'stop');
      await w.until(agentId, (known) => last(known) === 'agent_command.completed false');
      agent.close();
    },
    { commandMs: 100 },
  ),
);

test('commands from before the gateway started: old ones have failed, new ones reach the agent once', async () => {
  const w = await world();
  const agentId = randomUUID();
  await w.publish({ upserts: [agentUpsert(agentId)] });
  const facts = { hostname: '', ip_address: '', version: '', capabilities: [], nginx_version: '' };
  const data = {
    agent_id: agentId,
    session_id: randomUUID(),
    facts: { ...facts, deployment_mode: 'standalone' as const },
    at: timestamp(0),
  };
  await w.request(agentId, { type: 'connect', data });
  const old = await ask(w, agentId, 'reload', Date.now() - 61_000);
  const recent = await ask(w, agentId, 'reload');
  const gateway = await w.start();
  const known = await w.until(agentId, (all) => story(all).includes('agent_command.completed false'));
  const failed = known.find(({ type }) => type === 'agent_command.completed');
  assert.is(failed?.type === 'agent_command.completed' && failed.data.command_id, old);
  const keys = await w.enrol(gateway.port, agentId);
  const agent = await connectAgent(gateway.port, keys, agentId);
  assert.is((await agent.next('command')).commandId, recent);
  const again = await connectAgent(gateway.port, keys, agentId);
  await w.until(
    agentId,
    (all) => story(all).filter((one) => one === 'agent_command.completed false').length === 2,
  );
  // An answer to a message of its own: what was sent before it has arrived.
  again.send({ $case: 'health', value: HealthReport.fromPartial({}) }, { messageId: 'h' });
  await again.next('ack');
  assert.not(again.received.some(({ payload }) => payload?.$case === 'command'));
  again.close();
  agent.close();
  await gateway.close();
});

test.run();
