import { randomUUID } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { timestamp } from '../kernel/index.js';
import { CommandResult, ConfigApplyStatus, HealthReport, MetricsBatch } from '../proto/index.js';
import type { AgentStreamEvent } from '../schemas/index.js';
import { connectAgent, debian12, openClient, openStream, type ScriptedAgent } from './agent.harness.js';
import { agentUpsert, host, hostUpsert, WORKSPACE, type World, world } from './gateway.harness.js';
import { AGENT_HEALTH, AGENT_METRICS } from './index.js';
import { scene } from './scene.harness.js';

/** Facts in short: a disconnection with its reason, a command's end with its outcome. */
const story = (facts: readonly AgentStreamEvent[]): string[] =>
  facts.map((fact) => {
    switch (fact.type) {
      case 'agent.disconnected':
        return `${fact.type} ${fact.data.reason}`;
      case 'agent_command.completed':
        return `${fact.type} ${fact.data.success}`;
      default:
        return fact.type;
    }
  });

const last = (facts: readonly AgentStreamEvent[]): string => story(facts).at(-1) ?? '';

async function applied(agent: ScriptedAgent): Promise<string> {
  const [update] = await agent.nextUpdate();
  agent.answer(update, ConfigApplyStatus.SUCCESS);
  return update?.digest ?? '';
}

test(
  'of two streams of one agent the newest stays',
  scene(async ({ w, port, agentId, keys }) => {
    const first = await connectAgent(port, keys, agentId);
    const digest = await applied(first);
    await w.until(agentId, (facts) => last(facts) === 'config.applied');
    const second = await connectAgent(port, keys, agentId, debian12({ runningDigest: digest }));
    assert.is((await first.ended).code, status.ABORTED);
    await w.publish({ upserts: [hostUpsert(host({ server_name: 'next.example.com' }))] });
    await applied(second);
    const facts = await w.until(
      agentId,
      (known) => story(known).filter((one) => one === 'config.applied').length === 2,
    );
    assert.equal(story(facts), [
      'agent.connected',
      'config.sent',
      'config.applied',
      'agent.disconnected superseded',
      'agent.connected',
      'config.sent',
      'config.applied',
    ]);
    second.close();
    await w.until(agentId, (known) => last(known) === 'agent.disconnected connection_closed');
  }),
);

test(
  'an agent that is silent for two heartbeats is gone',
  scene(
    async ({ w, port, agentId, keys }) => {
      const agent = await connectAgent(port, keys, agentId);
      assert.is((await agent.ended).code, status.DEADLINE_EXCEEDED);
      await w.until(agentId, (known) => last(known) === 'agent.disconnected connection_timeout');
    },
    { heartbeatMs: 300, heartbeatGraceMs: 100 },
  ),
);

test(
  'an agent that never answers an update is cut off, alive or not',
  scene(
    async ({ w, port, agentId, keys }) => {
      const agent = await connectAgent(port, keys, agentId);
      assert.is((await agent.ended).code, status.DEADLINE_EXCEEDED);
      await w.until(agentId, (known) => last(known) === 'agent.disconnected connection_timeout');
    },
    { answerMs: 200 },
  ),
);

test('a gateway that was killed is known to have been: agents that return are not sent what they run', async () => {
  const w = await world();
  const [back, gone] = [randomUUID(), randomUUID()];
  await w.publish({ upserts: [agentUpsert(back), agentUpsert(gone), hostUpsert(host())] });
  const first = await w.start();
  const [backKeys, goneKeys] = [await w.enrol(first.port, back), await w.enrol(first.port, gone)];
  const agents = [
    await connectAgent(first.port, backKeys, back),
    await connectAgent(first.port, goneKeys, gone),
  ];
  const digests = await Promise.all(agents.map(applied));
  await Promise.all([back, gone].map((id) => w.until(id, (facts) => last(facts) === 'config.applied')));
  // Nothing that it knows at its end reaches the log, as if it had been killed.
  w.outage.on = true;
  await first.close();
  w.outage.on = false;
  assert.is(last(await w.facts(back)), 'config.applied');

  const second = await w.start({ heartbeatMs: 100, heartbeatGraceMs: 300 });
  const agent = await connectAgent(
    second.port,
    backKeys,
    back,
    debian12({ runningDigest: digests[0] ?? '' }),
  );
  await w.until(gone, (facts) => last(facts) === 'agent.disconnected gateway_restarted');
  assert.equal(story(await w.facts(back)), [
    'agent.connected',
    'config.sent',
    'config.applied',
    'agent.disconnected gateway_restarted',
    'agent.connected',
  ]);
  assert.not(agent.received.some(({ payload }) => payload?.$case === 'configUpdate'));
  agent.close();
  await second.close();
});

test('a gateway that is stopped says so to its agents and to the log, in bounded time', async () => {
  const w = await world();
  const agentId = randomUUID();
  await w.publish({ upserts: [agentUpsert(agentId)] });
  const gateway = await w.start();
  const keys = await w.enrol(gateway.port, agentId);
  const agent = await connectAgent(gateway.port, keys, agentId);
  const idle = openClient(gateway.port, keys);
  await new Promise((resolve) => idle.waitForReady(Date.now() + 5000, resolve));
  const started = performance.now();
  await gateway.close();
  assert.ok(performance.now() - started < 2000);
  assert.is((await agent.ended).code, status.UNAVAILABLE);
  assert.is(last(await w.facts(agentId)), 'agent.disconnected gateway_restarted');
  idle.close();
});

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

test(
  'reports go to the read store, the newest of each agent; nginx stopping and starting are facts',
  scene(async ({ w, port, agentId, keys }) => {
    const agent = await connectAgent(port, keys, agentId);
    await applied(agent);
    await w.until(agentId, (facts) => last(facts) === 'config.applied');
    for (const isRunning of [true, true, false, false, true]) {
      agent.send({
        $case: 'health',
        value: HealthReport.fromPartial({ nginx: { isRunning, activeConnections: 7 } }),
      });
      const known = isRunning ? 'nginx.started' : 'nginx.stopped';
      await w.until(agentId, (facts) => last(facts) === known);
    }
    assert.equal(story(await w.facts(agentId)).slice(-3), [
      'nginx.started',
      'nginx.stopped',
      'nginx.started',
    ]);
    const client = openClient(port, keys);
    await new Promise<void>((resolve, reject) =>
      client.reportHealth(
        HealthReport.fromPartial({ configChecksum: 'abc', nginx: { activeConnections: 9 } }),
        (error) => (error ? reject(error) : resolve()),
      ),
    );
    await new Promise<void>((resolve, reject) =>
      client.reportMetrics(
        MetricsBatch.fromPartial({ metrics: [{ name: 'requests', value: 3 }] }),
        (error) => (error ? reject(error) : resolve()),
      ),
    );
    client.close();
    const read = async (collection: string) => {
      for (let tries = 0; tries < 100; tries += 1) {
        const doc = await w.deps.readStore.get(collection, agentId);
        if (doc && (collection !== AGENT_HEALTH || doc['config_checksum'] === 'abc')) {
          return doc;
        }
        await w.deps.timers.sleep(50);
      }
      return undefined;
    };
    const health = await read(AGENT_HEALTH);
    assert.is(health?.['workspace_id'], WORKSPACE);
    const metrics = await read(AGENT_METRICS);
    assert.equal(metrics?.['metrics'], [{ name: 'requests', value: 3, type: 0, labels: [] }]);
    agent.close();
  }),
);

test(
  'messages that name themselves are answered',
  scene(async ({ port, agentId, keys }) => {
    const agent = openStream(port, keys, agentId);
    agent.send({ $case: 'registration', value: debian12() }, { messageId: 'r' });
    await agent.next('registrationResponse');
    agent.send({ $case: 'health', value: HealthReport.fromPartial({}) }, { messageId: 'h-1' });
    assert.equal(await agent.next('ack'), { messageId: 'h-1', success: true, errorMessage: '' });
    agent.close();
  }),
);

test.run();
