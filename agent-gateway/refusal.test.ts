// SPDX-License-Identifier: Apache-2.0
import { randomUUID } from 'node:crypto';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ConfigApplyStatus, HealthReport } from '../proto/index.js';
import { connectAgent, debian12 } from './agent.harness.js';
import { agentUpsert, host, hostUpsert, oneLocation, world } from './gateway.harness.js';
import { applyNext, fleet, types } from './scene.harness.js';

test(
  'a refused version is parked: not sent again but for another digest or a retry, also after reconnecting',
  fleet(async ({ w, port, enrol, retry }) => {
    const { agentId, keys } = await enrol();
    const shop = host({ listen_port: 18443 });
    await w.publish({ upserts: [hostUpsert(shop)] });
    const agent = await connectAgent(port, keys, agentId);
    const [update] = await agent.nextUpdate();
    agent.answer(update, ConfigApplyStatus.ROLLED_BACK, {
      stage: 'signalled',
      reason: 'PORT_IN_USE',
      nginxOutput: 'bind() to 0.0.0.0:18443 failed (98: Address already in use)',
    });
    const facts = await w.until(agentId, (known) => types(known).includes('config.rolled_back'));
    const refusal = facts.at(-1);
    assert.ok(refusal?.type === 'config.rolled_back');
    const { failure } = refusal.data;
    assert.is(failure.reason, 'PORT_IN_USE');
    assert.is(failure.message, 'listen_port 18443 of virtual host "Shop" is taken by another process');
    assert.equal(failure.culprit, {
      resource_kind: 'virtual_host',
      resource_id: shop.id,
      resource_name: 'Shop',
      field: 'listen_port',
    });
    // Refusing for ever, and coming back for it, brings nothing.
    for (let count = 0; count < 20; count += 1) {
      agent.answer(update, ConfigApplyStatus.FAILED);
    }
    agent.close();
    const second = await connectAgent(port, keys, agentId);
    await w.publish({ upserts: [hostUpsert({ ...shop, updated_at: '2027-01-01T00:00:00.000Z' })] });
    const later = await w.until(agentId, (known) => types(known).at(-1)?.startsWith('config.') ?? false);
    const still = later.findLast(({ type }) => type === 'config.refused');
    assert.ok(
      still?.type === 'config.refused' && still.data.failure.version === 3,
      'the same bytes, refused as well',
    );
    assert.is(later.filter(({ type }) => type === 'config.sent').length, 1);
    assert.not(second.received.some(({ payload }) => payload?.$case === 'configUpdate'));

    retry(agentId);
    const [tried] = await second.nextUpdate();
    assert.is(tried?.digest, update?.digest);
    second.answer(tried, ConfigApplyStatus.FAILED, {
      errorMessage: 'open() failed (28: No space left on device)',
    });
    await w.until(agentId, (known) => known.filter(({ type }) => type === 'config.sent').length === 2);
    await w.publish({ upserts: [hostUpsert({ ...shop, listen_port: 18444 })] });
    const [other] = await applyNext(second);
    assert.is.not(other?.digest, update?.digest);
    await w.until(agentId, (known) => types(known).at(-1) === 'config.applied');
    second.close();
  }),
);

test(
  "nginx's file and line become the resource and field they come from",
  fleet(async ({ w, port, enrol }) => {
    const { agentId, keys } = await enrol();
    const shop = host({ server_name: 'shop.example.com' });
    await w.publish({ upserts: [hostUpsert(shop)] });
    const agent = await connectAgent(port, keys, agentId);
    const [update] = await agent.nextUpdate();
    const file = `vhosts/${shop.id}.conf`;
    const text = update?.files.find(({ path }) => path === file)?.content?.toString() ?? '';
    const line = text.split('\n').findIndex((one) => one.includes('server_name')) + 1;
    assert.ok(line > 0);
    agent.answer(update, ConfigApplyStatus.FAILED, {
      stage: 'tested',
      reason: 'SYNTAX',
      nginxOutput: `nginx: [emerg] something is wrong in /run/nxmesh/bundle/${file}:${line}`,
      file,
      line,
    });
    const facts = await w.until(agentId, (known) => types(known).includes('config.refused'));
    const refusal = facts.at(-1);
    assert.ok(refusal?.type === 'config.refused');
    assert.is(refusal.data.failure.message, 'server_name of virtual host "Shop": something is wrong');
    assert.is(refusal.data.failure.culprit?.resource_id, shop.id);
    agent.close();
  }),
);

test(
  'what cannot be rendered for an agent is refused without being sent',
  fleet(async ({ w, port, enrol }) => {
    const { agentId, keys } = await enrol();
    const docs = host({ name: 'Docs', locations: [{ ...oneLocation, proxy_pass: null, root: 'docs' }] });
    await w.publish({ upserts: [hostUpsert(docs)] });
    const agent = await connectAgent(port, keys, agentId);
    const facts = await w.until(agentId, (known) => types(known).includes('config.refused'));
    const refusal = facts.at(-1);
    assert.ok(refusal?.type === 'config.refused');
    assert.is(refusal.data.failure.stage, 'render');
    assert.is(refusal.data.failure.culprit?.resource_name, 'Docs');
    assert.match(refusal.data.failure.message, /of virtual host "Docs": /);
    agent.close();
    // The same agent with the web root declared is sent it.
    const able = await connectAgent(port, keys, agentId, debian12({ webRoots: { docs: '/srv/docs' } }));
    await applyNext(able);
    await w.until(agentId, (known) => types(known).at(-1) === 'config.applied');
    able.close();
  }),
);

test('a refusal is remembered when the gateway starts again', async () => {
  const w = await world();
  const agentId = randomUUID();
  await w.publish({ upserts: [agentUpsert(agentId), hostUpsert(host())] });
  const first = await w.start();
  const keys = await w.enrol(first.port, agentId);
  const agent = await connectAgent(first.port, keys, agentId);
  const [update] = await agent.nextUpdate();
  agent.answer(update, ConfigApplyStatus.FAILED);
  await w.until(agentId, (known) => types(known).at(-1) === 'config.refused');
  await first.close();
  const second = await w.start();
  const back = await connectAgent(second.port, keys, agentId);
  back.send({ $case: 'health', value: HealthReport.fromPartial({}) }, { messageId: 'h' });
  await back.next('ack');
  assert.not(back.received.some(({ payload }) => payload?.$case === 'configUpdate'));
  second.retry(agentId);
  const [again] = await back.nextUpdate();
  assert.is(again?.digest, update?.digest);
  back.close();
  await second.close();
});

test(
  'a taken port that is not the first of its host is told as the socket that it is of',
  fleet(async ({ w, port, enrol }) => {
    const { agentId, keys } = await enrol();
    const shop = host({ listens: [{ address: '[::]', port: 18445, ssl: false }] });
    await w.publish({ upserts: [hostUpsert(shop)] });
    const agent = await connectAgent(port, keys, agentId);
    const [update] = await agent.nextUpdate();
    agent.answer(update, ConfigApplyStatus.ROLLED_BACK, {
      stage: 'signalled',
      reason: 'PORT_IN_USE',
      nginxOutput: 'bind() to [::]:18445 failed (98: Address already in use)',
    });
    const facts = await w.until(agentId, (known) => types(known).includes('config.rolled_back'));
    const refusal = facts.at(-1);
    assert.ok(refusal?.type === 'config.rolled_back');
    const { message, culprit } = refusal.data.failure;
    assert.is(message, 'port 18445 (listens[0]) of virtual host "Shop" is taken by another process');
    assert.is(culprit?.field, 'listens[0]');
    agent.close();
  }),
);

test.run();
