// SPDX-License-Identifier: Apache-2.0
import { createHash, randomUUID } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Secret } from '../kernel/index.js';
import { ConfigApplyStatus, type ConfigUpdate, HealthReport } from '../proto/index.js';
import { connectAgent, debian12 } from './agent.harness.js';
import { agentUpsert, certificateUpsert, host, hostUpsert } from './gateway.harness.js';
import { applyNext, fleet, types } from './scene.harness.js';

/** A whole bundle or a delta laid over what the agent has; checks every hash as an agent does. */
function lay(files: Map<string, Buffer>, parts: readonly ConfigUpdate[]): Map<string, Buffer> {
  const [first] = parts;
  const next = first?.baseDigest ? new Map(files) : new Map<string, Buffer>();
  for (const path of first?.removedPaths ?? []) {
    next.delete(path);
  }
  for (const file of parts.flatMap((part) => part.files)) {
    const content = file.content ?? files.get(file.path);
    assert.ok(content, `${file.path} has content`);
    assert.is(createHash('sha256').update(content).digest('hex'), file.sha256);
    next.set(file.path, content);
  }
  const manifest = [...next]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([path, content]) => `${createHash('sha256').update(content).digest('hex')} ${path}\n`);
  assert.is(
    createHash('sha256').update(manifest.join('')).digest('hex'),
    first?.digest,
    'digest of the manifest',
  );
  return next;
}

test(
  'an agent that was away gets the newest version only, whole or as the difference to what it proves',
  fleet(async ({ w, port, enrol }) => {
    const { agentId, keys } = await enrol();
    const shop = host();
    await w.publish({ upserts: [hostUpsert(shop), hostUpsert(host({ server_name: 'other.example.com' }))] });
    const agent = await connectAgent(port, keys, agentId);
    const whole = await applyNext(agent);
    assert.is(whole[0]?.baseDigest, '');
    let files = lay(new Map(), whole);
    await w.until(agentId, (facts) => types(facts).includes('config.applied'));
    agent.close();
    await w.until(agentId, (facts) => types(facts).at(-1) === 'agent.disconnected');
    for (let count = 0; count < 50; count += 1) {
      const server_name = `v${count}.example.com`;
      await w.publish({ upserts: [hostUpsert({ ...shop, server_name })] });
    }
    await w.publish({ upserts: [hostUpsert(shop)], removes: [{ kind: 'virtual_host', id: shop.id }] });
    const again = await connectAgent(
      port,
      keys,
      agentId,
      debian12({ runningDigest: whole[0]?.digest ?? '' }),
    );
    const delta = await applyNext(again);
    assert.is(delta[0]?.version, 53n);
    assert.is(delta[0]?.baseDigest, whole[0]?.digest);
    assert.equal(delta[0]?.removedPaths.includes(`vhosts/${shop.id}.conf`), true);
    assert.ok(delta.flatMap((part) => part.files).length < files.size, 'only what changed');
    files = lay(files, delta);
    assert.not([...files.values()].some((content) => content.includes('shop.example.com')));
    const facts = await w.until(
      agentId,
      (known) => types(known).filter((type) => type === 'config.applied').length === 2,
    );
    assert.is(facts.filter(({ type }) => type === 'config.sent').length, 2, 'nothing in between was sent');
    again.close();

    // A digest that nobody knows any more, and files that the agent still has.
    await w.until(agentId, (known) => types(known).at(-1) === 'agent.disconnected');
    const held = [...files.values()].map((content) => createHash('sha256').update(content).digest('hex'));
    const stranger = await connectAgent(
      port,
      keys,
      agentId,
      debian12({ runningDigest: 'f'.repeat(64), heldFiles: [...held, 'nonsense'] }),
    );
    const update = await stranger.nextUpdate();
    assert.is(update[0]?.baseDigest, '');
    assert.ok(update.flatMap((part) => part.files).every(({ content }) => content === undefined));
    lay(files, update);
    // What it held then it may have thrown away since.
    stranger.answer(update[0], ConfigApplyStatus.FAILED);
    await w.publish({ upserts: [hostUpsert(shop)] });
    const full = await applyNext(stranger);
    assert.ok(full.flatMap((part) => part.files).every(({ content }) => content !== undefined));
    stranger.close();
  }),
);

test(
  'an agent that proves what is desired is sent nothing; a version without new bytes is recorded as applied',
  fleet(async ({ w, port, enrol }) => {
    const { agentId, keys } = await enrol();
    const shop = host();
    await w.publish({ upserts: [hostUpsert(shop)] });
    const first = await connectAgent(port, keys, agentId);
    const [update] = await applyNext(first);
    await w.until(agentId, (facts) => types(facts).includes('config.applied'));
    first.close();
    await w.until(agentId, (facts) => types(facts).at(-1) === 'agent.disconnected');
    const agent = await connectAgent(port, keys, agentId, debian12({ runningDigest: update?.digest ?? '' }));
    await w.publish({ upserts: [hostUpsert({ ...shop, updated_at: '2027-01-01T00:00:00.000Z' })] });
    const facts = await w.until(agentId, (known) => {
      const last = known.at(-1);
      return last?.type === 'config.applied' && last.data.version === 3;
    });
    assert.is(facts.filter(({ type }) => type === 'config.sent').length, 1);
    assert.not(agent.received.some(({ payload }) => payload?.$case === 'configUpdate'));
    agent.close();
  }),
);

test(
  'what is published while an update is outstanding waits, and only the newest of it follows',
  fleet(async ({ w, port, enrol }) => {
    const { agentId, keys } = await enrol();
    const shop = host();
    await w.publish({ upserts: [hostUpsert(shop)] });
    const agent = await connectAgent(port, keys, agentId);
    const [first] = await agent.nextUpdate();
    for (const server_name of ['a.example.com', 'b.example.com', 'c.example.com']) {
      await w.publish({ upserts: [hostUpsert({ ...shop, server_name })] });
    }
    // Neither progress nor answers to something else let the next one go.
    agent.answer(first, ConfigApplyStatus.APPLYING);
    agent.answer({ ...first, digest: 'e'.repeat(64) } as ConfigUpdate, ConfigApplyStatus.SUCCESS);
    agent.answer(first, ConfigApplyStatus.SUCCESS);
    const [second] = await applyNext(agent);
    assert.is(second?.version, 5n);
    const facts = await w.until(
      agentId,
      (known) => types(known).filter((type) => type === 'config.applied').length === 2,
    );
    assert.equal(types(facts), [
      'agent.connected',
      'nginx.reported',
      'config.sent',
      'config.applied',
      'config.sent',
      'config.applied',
    ]);
    agent.close();
  }),
);

test(
  'agents of one kind get the same bytes, and a change reaches only those that it is for',
  fleet(async ({ w, port, enrol }) => {
    const kinds = [{ env: 'production' }, { env: 'production' }, { env: 'staging' }, { env: 'staging' }];
    const enrolled: Awaited<ReturnType<typeof enrol>>[] = [];
    for (const labels of kinds) {
      enrolled.push(await enrol(labels));
    }
    const selector = (env: string) => ({ type: 'selector' as const, label_selector: `env=${env}` });
    const keyOf = (env: string) => `selector:env=${env}`;
    await w.publish({
      upserts: [
        hostUpsert(host({ server_name: 'p.example.com', target_agents: selector('production') })),
        hostUpsert(host({ server_name: 's.example.com', target_agents: selector('staging') })),
      ],
      targets: [keyOf('production'), keyOf('staging')],
    });
    const agents = await Promise.all(enrolled.map(({ agentId, keys }) => connectAgent(port, keys, agentId)));
    const firsts = await Promise.all(agents.map(applyNext));
    const digests = firsts.map(([first]) => first?.digest);
    assert.is(digests[0], digests[1]);
    assert.is(digests[2], digests[3]);
    assert.is.not(digests[0], digests[2]);
    await w.publish({
      upserts: [hostUpsert(host({ server_name: 'q.example.com', target_agents: selector('production') }))],
      targets: [keyOf('production')],
    });
    const [one, two] = await Promise.all(agents.slice(0, 2).map(applyNext));
    assert.equal(one, two, 'the same message, to its parts');
    await Promise.all(
      enrolled
        .slice(0, 2)
        .map(({ agentId }) => w.until(agentId, (known) => types(known).at(-1) === 'config.applied')),
    );
    for (const [index, { agentId }] of enrolled.entries()) {
      const sent = (await w.facts(agentId)).filter(({ type }) => type === 'config.sent');
      assert.is(sent.length, index < 2 ? 2 : 1);
    }
    // Labels decide, and those of the workspace only.
    const [mover, stream] = [enrolled[3], agents[3]];
    assert.ok(mover && stream);
    await w.publish({ upserts: [agentUpsert(mover.agentId, { env: 'production' })], targets: [] });
    const [moved] = await applyNext(stream);
    assert.is(moved?.digest, one?.[0]?.digest);
    for (const agent of agents) {
      agent.close();
    }
  }),
);

const CERTIFICATE = randomUUID();
const KEY = 'the bytes of a private key';
/** The first time somebody asks: what is sent then is sent once more. */
let vaultFailures = 1;
test(
  'a private key goes to agents that serve its host and to no other, once the vault gives it',
  fleet(
    async ({ w, port, enrol }) => {
      const serving = await enrol({ env: 'a' });
      const other = await enrol({ env: 'b' });
      const target = (env: string) => ({ type: 'selector' as const, label_selector: `env=${env}` });
      await w.publish({
        upserts: [
          certificateUpsert(CERTIFICATE),
          hostUpsert(
            host({ ssl_enabled: true, ssl_certificate_id: CERTIFICATE, target_agents: target('a') }),
          ),
          hostUpsert(host({ listen_port: 18081, target_agents: target('b') })),
        ],
        targets: ['selector:env=a', 'selector:env=b'],
      });
      const [with_, without] = await Promise.all(
        [serving, other].map(async ({ agentId, keys }) => {
          const agent = await connectAgent(port, keys, agentId);
          const [update] = await agent.nextUpdate();
          agent.close();
          return update;
        }),
      );
      assert.is(with_?.certificates[CERTIFICATE]?.privateKeyPem, KEY);
      assert.equal(without?.certificates, {});
    },
    {},
    {
      certificateMaterial: async (_workspace, id) => {
        vaultFailures -= 1;
        if (vaultFailures >= 0) {
          throw new Error('the vault is out of reach');
        }
        const privateKeyPem = new Secret(KEY);
        return id === CERTIFICATE ? { certificatePem: 'a certificate', privateKeyPem } : undefined;
      },
    },
  ),
);

test(
  'while the log is down agents are sent what is known, and what they say is recorded afterwards',
  fleet(
    async ({ w, port, enrol }) => {
      const { agentId, keys } = await enrol();
      await w.publish({ upserts: [hostUpsert(host())] });
      w.outage.on = true;
      const agent = await connectAgent(port, keys, agentId);
      await applyNext(agent);
      // Longer than two heartbeats: waiting for the log must not make the agent seem silent.
      for (let count = 0; count < 15; count += 1) {
        agent.send({ $case: 'health', value: HealthReport.fromPartial({}) });
        await w.deps.timers.sleep(100);
      }
      assert.equal(await w.facts(agentId), []);
      w.outage.on = false;
      const facts = await w.until(agentId, (known) => types(known).at(-1) === 'config.applied');
      assert.equal(types(facts), ['agent.connected', 'nginx.reported', 'config.sent', 'config.applied']);
      agent.close();
      assert.is((await agent.ended).code, status.CANCELLED);
    },
    { heartbeatMs: 300, heartbeatGraceMs: 200 },
  ),
);

test.run();
