// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { Kafka, logLevel } from 'kafkajs';
import { ask } from '../../demo/traffic.js';
import { until } from '../harness/until.js';
import { audit } from './audit.js';
import type { Experiment, Trial } from './experiment.js';
import { startLoad } from './load.js';
import { BODY } from './prober-messages.js';
import { proxyTo } from './proxy.js';
import { type Plane, planeFor } from './scene.js';
import { type Site, startSite } from './traffic.js';

const CONVERGED_MS = 30_000;
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** The agent's way to the gateway is cut, slowed and closed at random while its configuration changes. */
async function disturbedStream(trial: Trial, plane: Plane) {
  const [host = '', port] = plane.gateway.split(':');
  const proxy = await proxyTo(host, Number(port));
  trial.cleanup(() => proxy.close());
  const site = await startSite(trial, plane, `127.0.0.1:${proxy.port}`);
  const changes = trial.count(40, 400);
  for (let n = 0; n < changes; n += 1) {
    await plane.api.ok('PATCH', `/v1/virtual-hosts/${site.hostId}`, { server_name: `n${n}.example` });
    const what = trial.random();
    if (what < 0.2) {
      proxy.cut();
    } else if (what < 0.3) {
      proxy.down(true);
      await pause(trial.random() * 300);
      proxy.down(false);
    } else {
      proxy.slow(trial.random() < 0.5 ? 0 : Math.floor(trial.random() * 150));
    }
    await pause(trial.random() * 100);
  }
  proxy.slow(0);
  trial.measure('converged after', await site.change('calm.example'), 'ms', CONVERGED_MS);
  trial.measure('changes', changes, '');
  await site.settle();
  await disturbMessages(trial, plane, site);
  return site;
}

/**
 * Whole messages are lost, repeated and overtaken in both directions while the configuration changes. Nothing more is
 * changed when it stops: what got lost last is to be made good by itself.
 */
async function disturbMessages(trial: Trial, plane: Plane, site: Site): Promise<void> {
  site.agent.hook(`messages ${Math.floor(trial.random() * 1e9)}`);
  const changes = trial.count(60, 600);
  let last = '';
  for (let n = 0; n < changes; n += 1) {
    // Names come again: what was late is then told about a digest that is desired anew.
    last = `m${Math.floor(trial.random() * 5)}.example`;
    await plane.api.ok('PATCH', `/v1/virtual-hosts/${site.hostId}`, { server_name: last });
    await pause(trial.random() * 600);
  }
  site.agent.hook('calm');
  const stopped = performance.now();
  await until(`${last} is served`, async () => (await ask(site.port, last)) === BODY, 120_000, 50);
  await until(
    'the control plane knows it',
    async () => {
      const { applied, state } = await plane.api.ok('GET', `/v1/agents/${site.agent.id}`);
      const { data } = await plane.api.ok('GET', `${site.workspace}/changes?per_page=1`);
      return state === 'online' && applied.version === data[0].version;
    },
    120_000,
    50,
  );
  trial.measure('converged after messages were lost', performance.now() - stopped, 'ms', CONVERGED_MS);
  const seen: Record<string, number> = JSON.parse(readFileSync(`${site.agent.stateDir}.fault.seen`, 'utf8'));
  for (const [fate, count] of Object.entries(seen)) {
    trial.measure(`messages ${fate}`, count, '');
    trial.expect(count > 0, `no message came ${fate}`);
  }
  await site.settle();
}

async function disturbedAgent(trial: Trial): Promise<void> {
  const plane = await planeFor(trial);
  const site = await disturbedStream(trial, plane);
  await site.end(await audit(trial, plane));
}

const TOPIC = 'nxmesh.events';

/** Besides, the publisher is killed under load: what stands on the topic is the log, in order for each stream. */
async function disturbedAgentAndTopic(trial: Trial): Promise<void> {
  const plane = await planeFor(trial);
  const site = await disturbedStream(trial, plane);
  const load = startLoad(plane.api, site.workspace, 6);
  for (let kill = 0; kill < trial.count(3, 30); kill += 1) {
    const before = load.acknowledged.length;
    await until('commands are acknowledged', () => load.acknowledged.length > before + 20, 30_000);
    await plane.kill('publishers');
    await plane.restart('publishers');
  }
  const { acknowledged, refused } = await load.end();
  trial.check('I1', refused.length === 0, refused.slice(0, 3).join('; '));

  const events = await audit(trial, plane, { acknowledged });
  const place = new Map(events.map(({ id }, index) => [id, index]));
  const last = new Map<string, number>();
  const seen = new Set<string>();
  let disorder = 0;
  let twice = 0;
  const kafka = new Kafka({ brokers: [...(plane.parts?.brokers ?? [])], logLevel: logLevel.NOTHING });
  const consumer = kafka.consumer({ groupId: `faults-${Math.floor(trial.random() * 1e9)}` });
  await consumer.connect();
  trial.cleanup(() => consumer.disconnect());
  await consumer.subscribe({ topic: TOPIC, fromBeginning: true });
  await consumer.run({
    eachMessage: async ({ message }) => {
      const id = String(message.headers?.['ce_id']);
      const key = String(message.key);
      if (seen.has(id)) {
        twice += 1;
        return;
      }
      seen.add(id);
      const index = place.get(id) ?? -1;
      disorder += index < (last.get(key) ?? -1) ? 1 : 0;
      last.set(key, index);
    },
  });
  const due = events.filter(({ type }) => type === 'upstream.created').map(({ id }) => id);
  await until('all is published', () => due.every((id) => seen.has(id)), 60_000, 200).catch(() => undefined);
  const lost = due.filter((id) => !seen.has(id));
  trial.check('I6', lost.length === 0, `${lost.length} of ${due.length} are not on the topic`);
  trial.check('I6', disorder === 0, `${disorder} are out of order`);
  trial.measure('on the topic', seen.size, '');
  trial.measure('of them again', twice, '');
  await site.end(events);
}

export const wire: readonly Experiment[] = [
  {
    id: 'X16',
    title: "agents' streams, the feed and the topic are cut, slowed and repeated",
    bound: 'converged ≤ 30 s after it stops',
    shapes: { embedded: disturbedAgent, distributed: disturbedAgentAndTopic },
  },
];
