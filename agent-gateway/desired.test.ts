// SPDX-License-Identifier: Apache-2.0
import { randomUUID } from 'node:crypto';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { NOTHING_HELD } from '../domain/index.js';
import { sha256 } from '../kernel/index.js';
import { type Bundle, type Bundler, bundler, type Capabilities } from '../nginx/index.js';
import type { ConfigUpsert, EventData, StoredEvent } from '../schemas/index.js';
import { type Desired, desired, type Member } from './desired.js';
import { agentUpsert, host, hostUpsert, ORGANIZATION, WORKSPACE } from './gateway.harness.js';

const debian: Capabilities = { nginxVersion: '1.22.1', modules: [], bundlePrefix: '', webRoots: {} };
const alpine: Capabilities = { ...debian, nginxVersion: '1.28.0' };

/** A bundler that counts its work and whose digest tells the hosts that it saw. */
function counting(): { bundler: Bundler; count: { renders: number; snapshots: number } } {
  const count = { renders: 0, snapshots: 0 };
  const snapshot: Bundler['snapshot'] = (resources) => {
    count.snapshots += 1;
    const hosts = [...resources.virtualHosts.values()];
    return {
      steps: () => [],
      provenance: () => undefined,
      bundle: (agent, capabilities): Bundle => {
        count.renders += 1;
        const seen = hosts.filter(
          ({ target_agents: target }) =>
            target.type === 'all' ||
            (target.type === 'list' && target.agent_ids.includes(agent.id)) ||
            (target.type === 'selector' && target.label_selector === `env=${agent.labels['env']}`),
        );
        return { digest: sha256(JSON.stringify([seen, capabilities])), files: [] };
      },
      explain: () => undefined,
      refusals: () => new Map(),
      dependents: () => [],
    };
  };
  const bundler: Bundler = {
    snapshot,
    bundle: (resources, agent, capabilities) => snapshot(resources).bundle(agent, capabilities),
  };
  return { bundler, count };
}

interface Part {
  readonly upserts?: readonly ConfigUpsert[];
  readonly removes?: EventData<'config.version_published'>['removes'];
  readonly targets?: readonly string[];
  readonly compiler?: number;
}

/** Publishes versions; several parts make one version. */
function publisher(of: Desired, workspaceId = WORKSPACE): (...parts: Part[]) => void {
  let version = 0;
  return (...parts) => {
    version += 1;
    for (const [index, { upserts = [], removes = [], targets = ['all'], compiler = 1 }] of parts.entries()) {
      const event: StoredEvent = {
        id: randomUUID(),
        type: 'config.version_published',
        stream: `config-${workspaceId}`,
        revision: 0n,
        position: 0n,
        meta: {
          command_id: '',
          command_digest: '',
          correlation_id: '',
          causation_id: '',
          actor: 'system',
          schema_version: '1',
          recorded_at: '',
        },
        data: {
          workspace_id: workspaceId,
          version,
          part: index + 1,
          parts: parts.length,
          source_revision: '0',
          compiler_version: compiler,
          upserts: [...upserts],
          removes: [...removes],
          targets: Object.fromEntries(targets.map((key) => [key, sha256(key)])),
          causes: [],
        },
      };
      of.apply(event);
    }
  };
}

function member(agentId: string, capabilities = debian) {
  const told: { digest: string; version: number }[] = [];
  const gone = { removed: false };
  const one: Member = {
    identity: { agentId, workspaceId: WORKSPACE, organizationId: ORGANIZATION },
    capabilities,
    holding: () => NOTHING_HELD,
    desire: ({ digest }, version) => told.push({ digest, version }),
    removed: () => {
      gone.removed = true;
    },
  };
  return { one, told, gone };
}

function scene() {
  const { bundler: counted, count } = counting();
  const all = desired(() => counted);
  return { all, count, publish: publisher(all) };
}

test('what did not change is not made again, whatever becomes of other workspaces', () => {
  const all = desired(bundler);
  const other = randomUUID();
  const [here, there] = [publisher(all), publisher(all, other)];
  const bundles: Bundle[] = [];
  const { one } = member(randomUUID());
  const still = host();
  const changing = host({ name: 'Changing', server_name: 'changing.example.com' });
  const upserts = [agentUpsert(one.identity.agentId), hostUpsert(still), hostUpsert(changing)];
  here({ upserts });
  all.join({ ...one, desire: (seen) => seen.kind === 'bundle' && bundles.push(seen.bundle) });
  const elsewhere = member(randomUUID()).one;
  there({ upserts: [agentUpsert(elsewhere.identity.agentId), hostUpsert(host())] });
  all.join({ ...elsewhere, identity: { ...elsewhere.identity, workspaceId: other } });
  here({ upserts: [hostUpsert({ ...changing, server_name: 'changed.example.com' })] });
  const [before, after] = bundles.map(({ files }) =>
    files.find(({ path }) => path === `vhosts/${still.id}.conf`),
  );
  assert.ok(before && after);
  assert.is(before, after);
});

test('one rendering serves all agents with the same labels and capabilities', () => {
  const { all, count, publish } = scene();
  const agents = Array.from({ length: 100 }, (_, index) =>
    member(randomUUID(), index < 90 ? debian : alpine),
  );
  publish({
    upserts: [
      ...agents.map(({ one }) => agentUpsert(one.identity.agentId, { env: 'a' })),
      hostUpsert(host({ target_agents: { type: 'selector', label_selector: 'env=a' } })),
    ],
    targets: ['selector:env=a'],
  });
  for (const { one } of agents) {
    all.join(one);
  }
  assert.equal(count, { renders: 2, snapshots: 1 });
  assert.is(new Set(agents.map(({ told }) => told[0]?.digest)).size, 2);
  publish({ upserts: [hostUpsert(host())] });
  assert.equal(count, { renders: 4, snapshots: 2 });
  assert.ok(agents.every(({ told }) => told.at(-1)?.version === 2));
});

test('a change costs nothing for agents that it is not for', () => {
  const { all, count, publish } = scene();
  const [a, b] = [member(randomUUID()), member(randomUUID())];
  publish({
    upserts: [
      agentUpsert(a.one.identity.agentId, { env: 'a' }),
      agentUpsert(b.one.identity.agentId, { env: 'b' }),
    ],
    targets: ['selector:env=a', 'selector:env=b'],
  });
  all.join(a.one);
  all.join(b.one);
  publish({ upserts: [hostUpsert(host())], targets: ['selector:env=a'] });
  assert.is(a.told.length, 2);
  assert.is(b.told.length, 1);
  assert.is(count.renders, 3);
});

test('the version of an agent is the one that touched it last, whenever it joins', () => {
  const { all, publish } = scene();
  const [a, b] = [randomUUID(), randomUUID()];
  publish({ upserts: [agentUpsert(a, { env: 'a' })], targets: ['selector:env=a'] });
  publish({ upserts: [agentUpsert(b, { env: 'a' })], targets: [] });
  publish({ upserts: [hostUpsert(host())], targets: ['selector:env=b'] });
  const [first, second] = [member(a), member(b)];
  all.join(first.one);
  all.join(second.one);
  assert.is(first.told[0]?.version, 1);
  assert.is(second.told[0]?.version, 2);
  publish({ compiler: 2, targets: [] });
  assert.is(first.told.at(-1)?.version, 4, 'another compiler touches everybody');
});

test('agents that are named in a list get it, and others with the same labels do not', () => {
  const { all, publish } = scene();
  const [a, b] = [member(randomUUID()), member(randomUUID())];
  publish({ upserts: [a, b].map(({ one }) => agentUpsert(one.identity.agentId)), targets: [] });
  all.join(a.one);
  all.join(b.one);
  assert.is(a.told[0]?.digest, b.told[0]?.digest);
  const ids = [a.one.identity.agentId];
  publish({
    upserts: [hostUpsert(host({ target_agents: { type: 'list', agent_ids: ids } }))],
    targets: [`list:${ids.join(',')}`],
  });
  assert.is(a.told.length, 2);
  assert.is(b.told.length, 1);
  assert.is.not(a.told[1]?.digest, a.told[0]?.digest);
});

test('a version in several parts is seen whole or not at all', () => {
  const { all, publish } = scene();
  const id = randomUUID();
  publish({ upserts: [agentUpsert(id)] });
  const early = member(id);
  all.join(early.one);
  const late = member(randomUUID());
  let joined = false;
  // A member that joins between two parts.
  const parts: Part[] = [
    {
      upserts: [agentUpsert(late.one.identity.agentId), hostUpsert(host({ server_name: 'one.example.com' }))],
    },
    { upserts: [hostUpsert(host({ server_name: 'two.example.com' }))] },
  ];
  const between: Desired = {
    ...all,
    apply: (event) => {
      all.apply(event);
      if (!joined) {
        joined = true;
        all.join(late.one);
        assert.equal(late.told, []);
        assert.is(early.told.length, 1);
      }
    },
  };
  publisher(between)(...parts);
  assert.is(early.told.length, 2);
  assert.is(late.told.length, 1);
  assert.is(late.told[0]?.digest, early.told[1]?.digest);
});

test('labels that change move an agent; leaving and being removed end it', () => {
  const { all, publish } = scene();
  const id = randomUUID();
  publish({
    upserts: [
      agentUpsert(id, { env: 'a' }),
      hostUpsert(host({ target_agents: { type: 'selector', label_selector: 'env=b' } })),
    ],
    targets: ['selector:env=b'],
  });
  const { one, told, gone } = member(id);
  const leave = all.join(one);
  publish({ upserts: [agentUpsert(id, { env: 'b' })], targets: [] });
  assert.is(told.at(-1)?.version, 2);
  assert.is.not(told[0]?.digest, told[1]?.digest);
  publish({ removes: [{ kind: 'agent', id }], targets: [] });
  assert.ok(gone.removed);
  assert.ok(all.isRemoved(one.identity));
  publish({ upserts: [agentUpsert(id, { env: 'b' })], targets: [] });
  assert.not(all.isRemoved(one.identity));
  const before = told.length;
  leave();
  publish({ upserts: [hostUpsert(host())] });
  assert.is(told.length, before);
});

test('an agent that no version knows yet waits for one that does', () => {
  const { all, publish } = scene();
  const { one, told } = member(randomUUID());
  all.join(one);
  publish({ upserts: [hostUpsert(host())] });
  assert.equal(told, []);
  publish({ upserts: [agentUpsert(one.identity.agentId)], targets: [] });
  assert.is(told[0]?.version, 2);
});

test.run();
