// SPDX-License-Identifier: Apache-2.0
import { randomUUID } from 'node:crypto';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Secret } from '../kernel/index.js';
import { ConfigApplyStatus } from '../proto/index.js';
import { connectAgent } from './agent.harness.js';
import { certificateUpsert, host, hostUpsert } from './gateway.harness.js';
import { applyNext, fleet, scene, types } from './scene.harness.js';

const BEHIND = { overdueMs: 100 };

test(
  'an agent that does not prove what is desired is behind, which is told once; its proof ends it',
  scene(async ({ w, port, agentId, keys }) => {
    const agent = await connectAgent(port, keys, agentId);
    const [update] = await agent.nextUpdate();
    await w.until(agentId, (facts) => types(facts).includes('config.overdue'));
    agent.answer(update, ConfigApplyStatus.SUCCESS);
    const facts = await w.until(agentId, (known) => types(known).includes('config.applied'));
    assert.is(types(facts).filter((type) => type === 'config.overdue').length, 1);
    agent.close();
  }, BEHIND),
);

test(
  'an agent that lacks what a change starts from is sent the whole, and nothing is refused',
  fleet(async ({ w, port, enrol }) => {
    const { agentId, keys } = await enrol();
    const shop = host();
    await w.publish({
      upserts: [hostUpsert(shop), hostUpsert(host({ name: 'Docs', server_name: 'docs.example.com' }))],
    });
    const agent = await connectAgent(port, keys, agentId);
    const [first] = await applyNext(agent);
    await w.publish({ upserts: [hostUpsert({ ...shop, server_name: 'new.example.com' })] });
    const [change] = await agent.nextUpdate();
    assert.is(change?.baseDigest, first?.digest);
    const lacks = { stage: 'staged', reason: 'DIGEST_MISMATCH', errorMessage: 'the base is not here' };
    agent.answer(change, ConfigApplyStatus.FAILED, lacks);
    const [whole] = await agent.nextUpdate();
    assert.equal([whole?.digest, whole?.baseDigest], [change?.digest, '']);
    assert.ok((whole?.files.length ?? 0) > (change?.files.length ?? 0));
    assert.ok(whole?.files.every(({ content }) => content !== undefined));
    // What is damaged on its way again and again is refused.
    agent.answer(whole, ConfigApplyStatus.FAILED, lacks);
    const facts = await w.until(agentId, (known) => types(known).includes('config.refused'));
    assert.is(types(facts).filter((type) => type === 'config.refused').length, 1);
    agent.close();
  }),
);

let failing = false;
const certificate = randomUUID();
test(
  'the whole is sent as soon as the vault gives what belongs to it',
  fleet(
    async ({ w, port, enrol }) => {
      const { agentId, keys } = await enrol();
      const shop = host({ ssl_enabled: true, ssl_certificate_id: certificate });
      await w.publish({ upserts: [certificateUpsert(certificate), hostUpsert(shop)] });
      const agent = await connectAgent(port, keys, agentId);
      await applyNext(agent);
      await w.publish({ upserts: [hostUpsert({ ...shop, server_name: 'new.example.com' })] });
      const [change] = await agent.nextUpdate();
      failing = true;
      agent.answer(change, ConfigApplyStatus.FAILED, { stage: 'staged', reason: 'DIGEST_MISMATCH' });
      const [whole] = await agent.nextUpdate();
      assert.equal([whole?.digest, whole?.baseDigest], [change?.digest, '']);
      assert.ok(whole?.certificates[certificate]);
      agent.close();
    },
    {},
    {
      certificateMaterial: async () => {
        if (failing) {
          failing = false;
          throw new Error('the vault is out of reach');
        }
        return { certificatePem: 'a certificate', privateKeyPem: new Secret('a key') };
      },
    },
  ),
);

test.run();
