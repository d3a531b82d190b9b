// SPDX-License-Identifier: Apache-2.0
import { randomUUID } from 'node:crypto';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ConfigApplyStatus, type ConfigUpdate, HealthReport } from '../proto/index.js';
import type { AgentStreamEvent, VirtualHost } from '../schemas/index.js';
import { connectAgent, debian12, type ScriptedAgent } from './agent.harness.js';
import { agentUpsert, host, hostUpsert, oneLocation, type World, world } from './gateway.harness.js';
import { applyNext, fleet, types } from './scene.harness.js';

const fileOf = (one: VirtualHost): string => `vhosts/${one.id}.conf`;
const textOf = (update: ConfigUpdate | undefined, one: VirtualHost): string | undefined =>
  update?.files.find(({ path }) => path === fileOf(one))?.content?.toString();

function refuse(agent: ScriptedAgent, update: ConfigUpdate | undefined, one: VirtualHost): void {
  agent.answer(update, ConfigApplyStatus.FAILED, {
    stage: 'tested',
    reason: 'HOST_NOT_FOUND',
    nginxOutput: `nginx: [emerg] host not found in upstream "nowhere:80" in /b/${fileOf(one)}:2`,
    file: fileOf(one),
    line: 2,
  });
}

const shop = host({ server_name: 'shop.example.com' });
const docs = host({ name: 'Docs', server_name: 'docs.example.com' });
const named = (one: VirtualHost, server_name: string): VirtualHost => ({ ...one, server_name });

/** Names of what is parked, by the last word on it. */
const parked = (facts: readonly AgentStreamEvent[]): string[] | undefined => {
  const last = facts.findLast((fact) => fact.type === 'config.parked');
  return last?.type === 'config.parked'
    ? last.data.hosts.map((one) => `${one.name} ${one.held_version}`)
    : undefined;
};
const applied = (w: World, agentId: string, version: number) =>
  w.until(agentId, (facts) => {
    const last = facts.findLast((fact) => fact.type === 'config.applied');
    return last?.type === 'config.applied' && last.data.version === version;
  });

test(
  'the host that is refused stays as it was, the rest goes out, and its fix ends it',
  fleet(async ({ w, port, enrol }) => {
    const { agentId, keys } = await enrol();
    await w.publish({ upserts: [hostUpsert(shop), hostUpsert(docs)] });
    const agent = await connectAgent(port, keys, agentId);
    const [first] = await applyNext(agent);
    await applied(w, agentId, 2);

    await w.publish({
      upserts: [hostUpsert(named(shop, 'bad.example.com')), hostUpsert(named(docs, 'd2.example.com'))],
    });
    const [second] = await agent.nextUpdate();
    refuse(agent, second, shop);
    const [rest] = await agent.nextUpdate();
    assert.is(textOf(rest, shop), undefined, 'as it was: the agent has its file');
    assert.not(rest?.removedPaths.includes(fileOf(shop)));
    assert.match(textOf(rest, docs) ?? '', 'd2.example.com');
    assert.is(rest?.version, 3n);
    agent.answer(rest, ConfigApplyStatus.SUCCESS);
    const facts = await applied(w, agentId, 3);
    assert.equal(types(facts).slice(-5), [
      'config.sent',
      'config.refused',
      'config.parked',
      'config.sent',
      'config.applied',
    ]);
    assert.equal(parked(facts), ['Shop 2']);

    // Another change goes by it; the fix brings it back.
    await w.publish({ upserts: [hostUpsert(named(docs, 'd3.example.com'))] });
    const [third] = await applyNext(agent);
    assert.is(textOf(third, shop), undefined);
    await w.publish({ upserts: [hostUpsert(named(shop, 'good.example.com'))] });
    const [fixed] = await applyNext(agent);
    assert.match(textOf(fixed, shop) ?? '', 'good.example.com');
    assert.equal(parked(await applied(w, agentId, 5)), []);
    assert.ok(first);
    agent.close();
  }),
);

test(
  'a host that never ran is left out, and a retry tries it again',
  fleet(async ({ w, port, enrol, retry }) => {
    const { agentId, keys } = await enrol();
    await w.publish({ upserts: [hostUpsert(shop), hostUpsert(docs)] });
    const agent = await connectAgent(port, keys, agentId);
    refuse(agent, (await agent.nextUpdate())[0], shop);
    const [rest] = await applyNext(agent);
    assert.is(textOf(rest, shop), undefined);
    assert.equal(parked(await applied(w, agentId, 2)), ['Shop null']);
    retry(agentId);
    const [again] = await agent.nextUpdate();
    assert.ok(textOf(again, shop));
    refuse(agent, again, shop);
    const facts = await w.until(agentId, (known) => types(known).at(-1) === 'config.applied');
    assert.equal(parked(facts), ['Shop null']);
    retry(agentId);
    await applyNext(agent);
    await w.until(agentId, (known) => parked(known)?.length === 0);
    agent.close();
  }),
);

test(
  'a host that cannot be rendered for an agent does not keep the others from it',
  fleet(async ({ w, port, enrol }) => {
    const { agentId, keys } = await enrol();
    const rooted = host({ name: 'Rooted', locations: [{ ...oneLocation, proxy_pass: null, root: 'docs' }] });
    await w.publish({ upserts: [hostUpsert(docs), hostUpsert(rooted)] });
    const agent = await connectAgent(port, keys, agentId);
    const [update] = await applyNext(agent);
    assert.ok(textOf(update, docs));
    assert.is(textOf(update, rooted), undefined);
    const facts = await applied(w, agentId, 2);
    assert.equal(parked(facts), ['Rooted null']);
    assert.not(types(facts).includes('config.refused'));
    agent.close();
  }),
);

test(
  'of a taken port the hosts that listen on it are at fault, by whichever of their sockets, and no others',
  fleet(async ({ w, port, enrol }) => {
    const { agentId, keys } = await enrol();
    const listens = [{ address: '[::]' as const, port: 18446, ssl: false }];
    const first = { ...docs, id: randomUUID(), listens };
    const second = { ...docs, id: randomUUID(), name: 'News', server_name: 'news.example.com', listens };
    await w.publish({ upserts: [shop, first, second].map(hostUpsert) });
    const agent = await connectAgent(port, keys, agentId);
    const [update] = await agent.nextUpdate();
    agent.answer(update, ConfigApplyStatus.ROLLED_BACK, {
      stage: 'signalled',
      reason: 'PORT_IN_USE',
      nginxOutput: 'bind() to [::]:18446 failed (98: Address already in use)',
    });
    const [rest] = await applyNext(agent);
    assert.ok(textOf(rest, shop), 'it listens on the same first port, which is free');
    assert.equal(parked(await applied(w, agentId, 2))?.toSorted(), ['Docs null', 'News null']);
    agent.close();
  }),
);

test(
  'without a word on whom, halves are tried until the one is found',
  fleet(async ({ w, port, enrol }) => {
    const { agentId, keys } = await enrol();
    const hosts = Array.from({ length: 40 }, (_, index) =>
      host({ name: `h${index}`, server_name: `h${index}.example.com` }),
    );
    const bad = hosts[23] ?? shop;
    await w.publish({ upserts: hosts.map(hostUpsert) });
    const agent = await connectAgent(port, keys, agentId);
    let files = new Set<string>();
    for (let tries = 1; ; tries += 1) {
      assert.ok(tries <= 12, `${tries} tries`);
      const parts = await agent.nextUpdate();
      const next = new Set(parts[0]?.baseDigest === '' ? [] : files);
      for (const part of parts) {
        for (const path of part.removedPaths) {
          next.delete(path);
        }
        for (const { path } of part.files) {
          next.add(path);
        }
      }
      if (next.has(fileOf(bad))) {
        agent.answer(parts[0], ConfigApplyStatus.FAILED, { stage: 'tested', reason: 'VALIDATION_TIMEOUT' });
        continue;
      }
      files = next;
      agent.answer(parts[0], ConfigApplyStatus.SUCCESS);
      if (hosts.every((one) => one === bad || files.has(fileOf(one)))) {
        break;
      }
    }
    await w.until(
      agentId,
      (known) => types(known).at(-1) === 'config.applied' && parked(known)?.join() === 'h23 null',
    );
    agent.close();
  }),
);

test('what is parked is remembered when the gateway starts again, and held as it was', async () => {
  const w = await world();
  const agentId = randomUUID();
  await w.publish({ upserts: [agentUpsert(agentId), hostUpsert(shop), hostUpsert(docs)] });
  const first = await w.start();
  const keys = await w.enrol(first.port, agentId);
  const agent = await connectAgent(first.port, keys, agentId);
  await applyNext(agent);
  await applied(w, agentId, 1);
  await w.publish({
    upserts: [hostUpsert(named(shop, 'bad.example.com')), hostUpsert(named(docs, 'd2.example.com'))],
  });
  refuse(agent, (await agent.nextUpdate())[0], shop);
  const [rest] = await applyNext(agent);
  assert.equal(rest?.removedPaths, []);
  await applied(w, agentId, 2);
  await first.close();

  const second = await w.start();
  const back = await connectAgent(
    second.port,
    keys,
    agentId,
    debian12({ runningDigest: rest?.digest ?? '' }),
  );
  back.send({ $case: 'health', value: HealthReport.fromPartial({}) }, { messageId: 'h' });
  await back.next('ack');
  assert.not(back.received.some(({ payload }) => payload?.$case === 'configUpdate'));
  await w.publish({ upserts: [hostUpsert(named(docs, 'd3.example.com'))] });
  const [update] = await applyNext(back);
  assert.equal(
    update?.files.map(({ path }) => path),
    [fileOf(docs)],
    'the rest is what the agent has',
  );
  back.close();
  await second.close();
});

test.run();
