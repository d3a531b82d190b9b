// SPDX-License-Identifier: Apache-2.0
import { ask } from '../../demo/traffic.js';
import { freePort } from '../harness/ports.js';
import { until } from '../harness/until.js';
import { audit } from './audit.js';
import type { Experiment, Trial } from './experiment.js';
import { planeFor } from './scene.js';
import { startSite } from './traffic.js';

const AT_ONCE = 16;

/** One host of many names an upstream that only nginx finds out not to resolve. */
async function oneBadHost(trial: Trial): Promise<void> {
  const plane = await planeFor(trial);
  const site = await startSite(trial, plane);
  const count = trial.count(500, 500);
  const port = await freePort();
  const bad = Math.floor(trial.random() * count);
  // What is written while the agent stands still comes to it in one version.
  process.kill(site.agent.process.pid, 'SIGSTOP');
  const ids: string[] = [];
  const make = async (n: number): Promise<void> => {
    const made = await plane.api.ok('POST', `${site.workspace}/virtual-hosts`, {
      name: `host-${n}`,
      server_name: `h${n}.example`,
      listen_port: port,
      locations: [{ path: '/', proxy_pass: n === bad ? 'http://nowhere.invalid:80' : site.target }],
    });
    ids[n] = made.id;
  };
  for (let n = 0; n < count; n += AT_ONCE) {
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, count - n) }, (_, index) => make(n + index)));
  }
  const started = performance.now();
  process.kill(site.agent.process.pid, 'SIGCONT');
  const found = await until(
    'all others are applied',
    async () => {
      const agent = await plane.api.ok('GET', `/v1/agents/${site.agent.id}`);
      const { data } = await plane.api.ok('GET', `${site.workspace}/changes?per_page=1`);
      const version: number = data[0].version;
      return agent.parked.length > 0 && agent.applied?.version === version ? { agent, version } : undefined;
    },
    60_000,
    50,
  );
  trial.measure('delivered but for one after', performance.now() - started, 'ms', 30_000);
  const change = await plane.api.ok('GET', `${site.workspace}/changes/${found.version}`);
  const [part] = change.agents;
  trial.check('I3', part?.state === 'partial', `the change is ${part?.state}`);
  const parked = part?.parked.map((one: { virtual_host_id: string }) => one.virtual_host_id);
  trial.check('I3', parked?.join() === ids[bad], `parked: ${parked?.length}`);
  trial.check('I3', part?.parked[0]?.reason === 'HOST_NOT_FOUND', `the reason is ${part?.parked[0]?.reason}`);
  trial.check('I3', found.agent.state === 'degraded', `the agent is ${found.agent.state}`);
  const others = Array.from({ length: count }, (_, n) => n).filter((n) => n !== bad);
  let unserved = 0;
  for (const n of others) {
    unserved += (await ask(port, `h${n}.example`)).startsWith('!') ? 1 : 0;
  }
  trial.check('I8', unserved === 0, `${unserved} of the others are not served`);
  trial.measure('served', others.length - unserved, `of ${count}`);
  await plane.api.ok('PATCH', `/v1/virtual-hosts/${ids[bad]}`, {
    locations: [{ path: '/', proxy_pass: site.target }],
  });
  await until(
    'the mended host is served and nothing is parked',
    async () => {
      const agent = await plane.api.ok('GET', `/v1/agents/${site.agent.id}`);
      return agent.state === 'online' && agent.parked.length === 0;
    },
    30_000,
    50,
  );
  await site.settle();
  await site.end(await audit(trial, plane));
}

export const hosts: readonly Experiment[] = [
  {
    id: 'X38',
    title: 'one bad virtual host among 500',
    bound: '499 delivered, 1 parked with its reason',
    shapes: { embedded: oneBadHost, distributed: oneBadHost },
  },
];
