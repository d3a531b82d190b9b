// SPDX-License-Identifier: Apache-2.0
import { randomUUID } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ConfigApplyStatus, HealthReport, MetricsBatch } from '../proto/index.js';
import { until } from '../test/harness/until.js';
import { connectAgent, debian12, openClient, openStream, type ScriptedAgent } from './agent.harness.js';
import { agentUpsert, host, hostUpsert, WORKSPACE, world } from './gateway.harness.js';
import { AGENT_HEALTH, AGENT_METRICS } from './index.js';
import { last, scene, story } from './scene.harness.js';

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
      'nginx.reported',
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

test(
  'an update of which nothing is heard is sent again, until the agent says that it has it',
  scene(
    async ({ w, port, agentId, keys }) => {
      const agent = await connectAgent(port, keys, agentId);
      const [first] = await agent.nextUpdate();
      const [again] = await agent.nextUpdate();
      assert.equal([again?.digest, again?.files], [first?.digest, first?.files]);
      agent.answer(again, ConfigApplyStatus.PENDING);
      const count = agent.received.length;
      // Nothing tells that an update does not come: the gateway has looked twice more by then.
      await new Promise((resolve) => setTimeout(resolve, 2_500));
      assert.is(
        agent.received.slice(count).filter(({ payload }) => payload?.$case === 'configUpdate').length,
        0,
      );
      agent.answer(again, ConfigApplyStatus.SUCCESS);
      await w.until(agentId, (known) => last(known) === 'config.applied');
      assert.is((await w.facts(agentId)).filter(({ type }) => type === 'config.sent').length, 1);
    },
    { takenMs: 200 },
  ),
);

test(
  'what was refused because nginx did not run is sent again when it does, and only then',
  scene(async ({ w, port, agentId, keys }) => {
    const agent = await connectAgent(port, keys, agentId);
    const tell = (isRunning: boolean): void =>
      agent.send({ $case: 'health', value: HealthReport.fromPartial({ nginx: { isRunning } }) });
    const [first] = await agent.nextUpdate();
    agent.answer(first, ConfigApplyStatus.FAILED, { reason: 'HEALTH_GATE', stage: 'staged' });
    await w.until(agentId, (known) => last(known) === 'config.refused');
    tell(false);
    tell(true);
    const [again] = await agent.nextUpdate();
    assert.is(again?.digest, first?.digest);
    agent.answer(again, ConfigApplyStatus.FAILED, { reason: 'HEALTH_GATE', stage: 'staged' });
    await w.until(agentId, (known) => story(known).filter((one) => one === 'config.refused').length === 2);
    // Nor is a flapping nginx a way to fill the log.
    tell(true);
    tell(false);
    tell(true);
    agent.send({ $case: 'health', value: HealthReport.fromPartial({}) }, { messageId: 'heard' });
    assert.is((await agent.next('ack')).messageId, 'heard');
    assert.is(agent.received.filter(({ payload }) => payload?.$case === 'configUpdate').length, 2);
  }),
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
    'nginx.reported',
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

test(
  'reports go to the read store, the newest of each agent; nginx stopping and starting are facts',
  scene(async ({ w, port, agentId, keys }) => {
    const agent = await connectAgent(port, keys, agentId);
    await applied(agent);
    await w.until(agentId, (facts) => last(facts) === 'config.applied');
    // That it runs is known from what it proved.
    for (const isRunning of [false, false, true, true, false]) {
      const known = isRunning ? 'nginx.started' : 'nginx.stopped';
      await w.until(agentId, (facts) => {
        const value = HealthReport.fromPartial({ nginx: { isRunning, activeConnections: 7 } });
        agent.send({ $case: 'health', value });
        return last(facts) === known;
      });
    }
    assert.equal(story(await w.facts(agentId)).slice(-3), [
      'nginx.stopped',
      'nginx.started',
      'nginx.stopped',
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
    const read = (collection: string) => w.deps.readStore.get(collection, agentId);
    const health = await until('the report is kept', async () => {
      const doc = await read(AGENT_HEALTH);
      return doc?.['config_checksum'] === 'abc' ? doc : undefined;
    });
    assert.is(health['workspace_id'], WORKSPACE);
    const metrics = await until('the metrics are kept', () => read(AGENT_METRICS));
    assert.equal(metrics['metrics'], [{ name: 'requests', value: 3, type: 0, labels: [] }]);
    agent.close();
  }),
);

test(
  'nginx that flaps does not fill the log',
  scene(async ({ w, port, agentId, keys }) => {
    const agent = await connectAgent(port, keys, agentId);
    for (let count = 0; count < 500; count += 1) {
      const value = HealthReport.fromPartial({ nginx: { isRunning: count % 2 === 0 } });
      agent.send({ $case: 'health', value }, count === 499 ? { messageId: 'h' } : {});
    }
    await agent.next('ack');
    const flips = (await w.facts(agentId)).filter(({ type }) => type.startsWith('nginx.'));
    assert.ok(flips.length >= 1 && flips.length <= 5, `${flips.length}`);
    agent.close();
  }),
);

test(
  'an agent that comes again and again is told to wait; its other streams are not cut for one that it left',
  scene(
    async ({ port, agentId, keys }) => {
      const client = openClient(port, keys);
      const open = (): Promise<number> =>
        new Promise((resolve) => {
          const stream = client.stream();
          stream.on('error', () => {});
          stream.on('status', ({ code }) => resolve(code));
          stream.on('data', () => stream.cancel());
          stream.write({
            agentId,
            timestamp: 0n,
            messageId: '',
            payload: { $case: 'registration', value: debian12() },
          });
        });
      for (let count = 0; count < 4; count += 1) {
        assert.is(await open(), status.CANCELLED);
      }
      const stays = client.stream();
      const ended = new Promise<number>((resolve) => stays.on('status', ({ code }) => resolve(code)));
      stays.on('error', () => {});
      let greeted = (): void => {};
      const greeting = new Promise<void>((resolve) => {
        greeted = resolve;
      });
      stays.on('data', () => greeted());
      stays.write({
        agentId,
        timestamp: 0n,
        messageId: '',
        payload: { $case: 'registration', value: debian12() },
      });
      await greeting;
      // Nothing tells that it is not cut: the peer's linger of 100 ms is over by then.
      const first = await Promise.race([
        ended,
        new Promise((resolve) => setTimeout(() => resolve('open'), 500)),
      ]);
      assert.is(first, 'open');
      const refused = await new Promise((resolve) => {
        const sixth = client.stream();
        sixth.on('error', () => {});
        sixth.on('data', (message) => resolve(message.payload?.value.retryAfterMs));
      });
      assert.ok(Number(refused) > 0, `${String(refused)}`);
      stays.cancel();
      client.close();
    },
    { lingerMs: 100, sessionLimit: 5 },
  ),
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
