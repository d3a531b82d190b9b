// SPDX-License-Identifier: Apache-2.0
import { randomUUID } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { systemClock, systemRandom } from '../kernel/index.js';
import {
  type AgentMessage,
  CommandResult,
  ConfigApplyStatus,
  ConfigStatus,
  Event,
  HealthReport,
  LogBatch,
  MetricsBatch,
} from '../proto/index.js';
import { type AgentKeys, connectAgent, debian12, makeKey, openClient, openStream } from './agent.harness.js';
import { openAuthority, provenKey } from './ca.js';
import { memoryVault, ORGANIZATION, WORKSPACE } from './gateway.harness.js';
import { scene } from './scene.harness.js';

type Payload = NonNullable<AgentMessage['payload']>;

const payloads = (digest: string): Payload[] => [
  { $case: 'health', value: HealthReport.fromPartial({ nginx: { isRunning: true } }) },
  {
    $case: 'configStatus',
    value: ConfigStatus.fromPartial({ digest, configId: digest, status: ConfigApplyStatus.SUCCESS }),
  },
  { $case: 'metrics', value: MetricsBatch.fromPartial({ metrics: [{ name: 'x', value: 1 }] }) },
  { $case: 'logs', value: LogBatch.fromPartial({ entries: [{ message: '../../etc/passwd' }] }) },
  { $case: 'event', value: Event.fromPartial({ eventType: 'agent.restarted' }) },
  { $case: 'commandResult', value: CommandResult.fromPartial({ commandId: randomUUID(), success: true }) },
  { $case: 'registration', value: debian12() },
];

test(
  'an agent that names another is cut off, whatever it says, and nothing is recorded of it',
  scene(async ({ w, port, agentId, keys }) => {
    const victim = randomUUID();
    for (let index = 0; index < payloads('').length; index += 1) {
      const agent = await connectAgent(port, keys, agentId);
      const [update] = await agent.nextUpdate();
      const payload = payloads(update?.digest ?? '')[index];
      assert.ok(payload);
      agent.send(payload, { agentId: victim });
      assert.is((await agent.ended).code, status.PERMISSION_DENIED, payload.$case);
    }
    const first = openStream(port, keys, victim);
    first.send({ $case: 'registration', value: debian12() });
    assert.is((await first.ended).code, status.PERMISSION_DENIED);
    const unnamed = openStream(port, keys, '');
    unnamed.send({ $case: 'registration', value: debian12() });
    assert.is((await unnamed.ended).code, status.PERMISSION_DENIED);
    assert.equal(await w.facts(victim), []);
    const facts = await w.until(agentId, (known) => known.at(-1)?.type === 'agent.disconnected');
    assert.equal(
      [...new Set(facts.map(({ type }) => type))],
      ['agent.connected', 'nginx.reported', 'config.sent', 'agent.disconnected'],
    );
    const last = facts.at(-1);
    assert.is(last?.type === 'agent.disconnected' && last.data.reason, 'protocol_error');
  }),
);

test(
  'certificates of another authority, without the right name, too old or for servers open nothing',
  scene(async ({ w, port, agentId }) => {
    const { csrPem, keyPem } = await makeKey();
    const key = await provenKey(csrPem);
    assert.ok(key);
    const name = { organizationId: ORGANIZATION, workspaceId: WORKSPACE, agentId };
    const day = 86_400_000;
    const open = (offset: number, vault = w.deps.vault) =>
      openAuthority({
        vault,
        random: systemRandom,
        clock: { ...systemClock, now: () => Date.now() + offset },
      });
    const own = await open(0);
    const server = await own.issueServer(['localhost']);
    const certificates = {
      'another authority': await (await open(0, memoryVault())).issueAgent(key, name, day),
      'no UUID in its name': await own.issueAgent(key, { ...name, agentId: 'admin' }, day),
      'two agents in its name': await own.issueAgent(key, { ...name, agentId: `${agentId}/agent/x` }, day),
      expired: await (await open(-2 * day)).issueAgent(key, name, day),
      'not yet valid': await (await open(day)).issueAgent(key, name, day),
    };
    const attempts: [string, AgentKeys][] = [
      ...Object.entries(certificates).map(([what, certificatePem]): [string, AgentKeys] => [
        what,
        { caPem: w.caPem, keyPem, certificatePem },
      ]),
      [
        "the gateway's own",
        { caPem: w.caPem, keyPem: server.keyPem.reveal(), certificatePem: server.chainPem },
      ],
    ];
    for (const [what, keys] of attempts) {
      const stream = openStream(port, keys, agentId);
      stream.send({ $case: 'registration', value: debian12() });
      assert.is((await stream.ended).code, status.UNAUTHENTICATED, what);
      const client = openClient(port, keys);
      const code = await new Promise((resolve) =>
        client.reportHealth(HealthReport.fromPartial({}), (error) => resolve(error?.code)),
      );
      client.close();
      assert.is(code, status.UNAUTHENTICATED, what);
    }
    // The same steps with a proper certificate do open a session.
    const good = { caPem: w.caPem, keyPem, certificatePem: await own.issueAgent(key, name, day) };
    (await connectAgent(port, good, agentId)).close();
  }),
);

test(
  'a session ends with the certificate that it stands on',
  scene(async ({ w, port, agentId }) => {
    const { csrPem, keyPem } = await makeKey();
    const key = await provenKey(csrPem);
    assert.ok(key);
    const own = await openAuthority({ ...w.deps, clock: systemClock });
    const name = { organizationId: ORGANIZATION, workspaceId: WORKSPACE, agentId };
    // X.509 counts in whole seconds.
    const certificatePem = await own.issueAgent(key, name, 3000);
    const agent = await connectAgent(port, { caPem: w.caPem, keyPem, certificatePem }, agentId);
    assert.is((await agent.ended).code, status.UNAUTHENTICATED);
  }),
);

test(
  'an agent that is removed is cut off and does not come back',
  scene(async ({ w, port, agentId, keys }) => {
    const agent = await connectAgent(port, keys, agentId);
    await w.publish({ removes: [{ kind: 'agent', id: agentId }], targets: [] });
    assert.is((await agent.ended).code, status.PERMISSION_DENIED);
    const again = openStream(port, keys, agentId);
    again.send({ $case: 'registration', value: debian12() });
    assert.is((await again.ended).code, status.PERMISSION_DENIED);
    const client = openClient(port, keys);
    const code = await new Promise((resolve) =>
      client.reportMetrics(MetricsBatch.fromPartial({}), (error) => resolve(error?.code)),
    );
    client.close();
    assert.is(code, status.PERMISSION_DENIED);
    const facts = await w.until(agentId, (known) => known.at(-1)?.type === 'agent.disconnected');
    const last = facts.at(-1);
    assert.is(last?.type === 'agent.disconnected' && last.data.reason, 'removed');
  }),
);

test(
  'events of another type than agent.* are refused and nothing is recorded',
  scene(async ({ w, port, agentId, keys }) => {
    const agent = await connectAgent(port, keys, agentId);
    for (const eventType of ['user.created', 'command', 'agent.', 'xagent.ok', 'agent.\nuser.created', '']) {
      agent.send({ $case: 'event', value: Event.fromPartial({ eventType }) }, { messageId: 'e' });
      assert.not((await agent.next('ack')).success, eventType);
    }
    agent.send(
      { $case: 'event', value: Event.fromPartial({ eventType: 'agent.restarted' }) },
      { messageId: 'e' },
    );
    assert.ok((await agent.next('ack')).success);
    agent.close();
    const facts = await w.until(agentId, (known) => known.at(-1)?.type === 'agent.disconnected');
    assert.equal(
      facts.map(({ type }) => type),
      ['agent.connected', 'nginx.reported', 'config.sent', 'agent.disconnected'],
    );
  }),
);

test(
  'text of an agent is cut and made harmless',
  scene(async ({ w, port, agentId, keys }) => {
    const nasty = `<script>\u001b[2J\u202e\u0000\r"${'x'.repeat(100_000)}`;
    const agent = await connectAgent(
      port,
      keys,
      agentId,
      debian12({ hostname: nasty, labels: { role: 'db'.repeat(100_000) }, capabilities: [nasty] }),
    );
    const [update] = await agent.nextUpdate();
    agent.answer(update, ConfigApplyStatus.FAILED, {
      configId: '../../x',
      reason: 'MADE_UP',
      stage: '../../x',
      errorMessage: nasty,
      nginxOutput: nasty,
      file: '../../etc/passwd',
      line: 4_294_967_295,
    });
    const facts = await w.until(agentId, (known) => known.some(({ type }) => type === 'config.refused'));
    for (const fact of facts) {
      const text = JSON.stringify(fact.data);
      assert.ok(text.length < 8_000, `${text.length}`);
      // A control character would stand in JSON as an escape of its own; ours are text, with a backslash before it.
      assert.not.match(text, /(?<!\\)\\[ur]|\u202e/);
    }
    const connected = facts[0];
    assert.ok(connected?.type === 'agent.connected');
    assert.ok(connected.data.facts.hostname.startsWith('<script>\\u001b[2J\\u202e\\u0000\\u000d"x'));
    assert.is(connected.data.facts.hostname.length, 253);
    const refused = facts.find(({ type }) => type === 'config.refused');
    assert.ok(refused?.type === 'config.refused');
    assert.is(refused.data.failure.culprit, null);
    assert.is(refused.data.failure.stage, 'staged');
  }),
);

test(
  'what an agent says of its nginx is checked before anything is rendered for it',
  scene(async ({ port, agentId, keys }) => {
    for (const wrong of [
      { nginxVersion: '1.22.1; load_module x' },
      { bundlePrefix: '/opt/../etc' },
      { bundlePrefix: 'relative' },
      { bundlePrefix: '/a"b' },
      { webRoots: { shop: '/srv/$host' } },
      { webRoots: { '../x': '/srv' } },
    ]) {
      const stream = openStream(port, keys, agentId);
      stream.send({ $case: 'registration', value: debian12(wrong) });
      assert.is((await stream.ended).code, status.INVALID_ARGUMENT, JSON.stringify(wrong));
    }
  }),
);

test.run();
