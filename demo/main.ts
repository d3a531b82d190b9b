// SPDX-License-Identifier: Apache-2.0
/** The main job, told step by step on real processes: see README. Ends non-zero if any step is not as it should be. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ADMIN, agentProcess, endNginx } from '../test/harness/nxmesh.js';
import { freePort } from '../test/harness/ports.js';
import type { Running } from '../test/harness/process.js';
import { until } from '../test/harness/until.js';
import { distributedPlane, embeddedPlane, type Plane } from './plane.js';
import { check, good, note, say, title } from './print.js';
import { latest, settled, tell } from './story.js';
import { distribution, prober, upstreamServer } from './traffic.js';

const keep = process.argv.includes('--keep');
const folder = mkdtempSync(join(tmpdir(), 'nxmesh-demo-'));
const agents: { name: string; stateDir: string; process: Running }[] = [];
let plane: Plane | undefined;

async function endEverything(): Promise<void> {
  for (const { stateDir, process: agent } of agents) {
    await agent.end();
    await endNginx(stateDir);
  }
  await plane?.end();
  rmSync(folder, { recursive: true, force: true });
}

async function run(): Promise<void> {
  title('A control plane, two upstream servers and two nginx');
  plane = process.argv.includes('--distributed')
    ? await distributedPlane(folder)
    : await embeddedPlane(folder);
  if (!plane) {
    throw new Error('the distributed shape needs stand-ins that this machine cannot make; see above');
  }
  for (const part of plane.parts) {
    good(part);
  }
  const [blue, green] = [await upstreamServer('blue'), await upstreamServer('green')];
  good(`upstream servers blue on ${blue.address} and green on ${green.address}`);
  const { api } = plane;
  const organization = await api.ok('POST', '/v1/organizations', { name: 'Acme Corp', slug: 'acme-corp' });
  const workspace = await api.ok('POST', `/v1/organizations/${organization.id}/workspaces`, {
    name: 'Production',
    slug: 'production',
  });
  good(`organization ${organization.slug}, workspace ${workspace.slug}`);
  const ws = `/v1/workspaces/${workspace.id}`;
  for (const [name, site] of [
    ['web-north', 'north'],
    ['web-south', 'south'],
  ] as const) {
    const { token } = await api.ok('POST', `${ws}/agents/tokens`, {
      name,
      labels: { env: 'production', site },
    });
    const stateDir = join(folder, name);
    const agent = agentProcess({ token, gateway: plane.gateway, stateDir, log: join(folder, `${name}.log`) });
    agents.push({ name, stateDir, process: agent });
  }
  await until(
    'both agents are online',
    async () => (await api.ok('GET', `${ws}/agents?state=online`)).meta.total === 2,
    20_000,
  );
  good(
    'agents web-north (site=north) and web-south (site=south) have joined with one-time tokens and speak mutual TLS',
  );

  title('An upstream and two virtual hosts over REST; nginx answers');
  const before = await latest(api, workspace.id);
  const upstream = await api.ok('POST', `${ws}/upstreams`, {
    name: 'shop-backend',
    servers: [{ address: blue.address }, { address: green.address }],
  });
  const hosts: { id: string; host: string; port: number }[] = [];
  for (const [name, site] of [
    ['Shop North', 'north'],
    ['Shop South', 'south'],
  ] as const) {
    const host = await api.ok('POST', `${ws}/virtual-hosts`, {
      name,
      server_name: `${site}.shop.example`,
      listen_port: await freePort(),
      locations: [
        {
          path: '/',
          upstream_id: upstream.id,
          custom_headers: [{ name: 'X-Site', value: site, always: true }],
        },
      ],
      target_agents: { type: 'selector', label_selector: `site=${site}` },
    });
    hosts.push({ id: host.id as string, host: host.server_name as string, port: host.listen_port as number });
  }
  const [north, south] = hosts;
  if (!north || !south) {
    throw new Error('no hosts');
  }
  await until('both hosts answer', async () => {
    const answers = await Promise.all(hosts.map(({ port, host }) => distribution(port, host, 1)));
    return answers.every((counts) => ![...counts.keys()].some((body) => body.startsWith('!')));
  });
  await settled(api, workspace.id, before);
  for (const { port, host } of hosts) {
    const counts = await distribution(port, host, 40);
    check(
      counts.get('blue') === 20 && counts.get('green') === 20,
      `${host} on port ${port}: 40 requests, ${show(counts)}`,
    );
  }

  title('New weights for the upstream; the distribution follows on both nginx');
  let version = await latest(api, workspace.id);
  await api.ok('PATCH', `/v1/upstreams/${upstream.id}`, {
    servers: [
      { address: blue.address, weight: 3 },
      { address: green.address, weight: 1 },
    ],
  });
  const weighted = await settled(api, workspace.id, version);
  check(
    weighted.agents.every((one) => one.state === 'applied'),
    `v${weighted.version} is proven on both: ${weighted.agents.map((one) => `${one.name} in ${one.duration_ms} ms`).join(', ')}`,
  );
  for (const { port, host } of hosts) {
    const counts = await distribution(port, host, 40);
    check(counts.get('blue') === 30 && counts.get('green') === 10, `${host}: 40 requests, ${show(counts)}`);
  }

  title('A change that passes nginx -t but cannot go live');
  const squatter = createServer();
  await new Promise<void>((resolve) => squatter.listen(0, '0.0.0.0', resolve));
  const address = squatter.address();
  const taken = typeof address === 'object' && address ? address.port : 0;
  say(`another process holds port ${taken}; Shop North is moved there, while requests go on`);
  const probe = prober(hosts);
  version = await latest(api, workspace.id);
  await api.ok('PATCH', `/v1/virtual-hosts/${north.id}`, { listen_port: taken });
  const refused = await settled(api, workspace.id, version);
  const part = refused.agents.find((one) => one.name === 'web-north');
  check(
    part?.failure?.reason === 'PORT_IN_USE',
    `v${refused.version} is ${part?.state} on web-north: ${part?.failure?.reason} at ${part?.failure?.stage}`,
  );
  note(part?.failure?.message ?? '');
  const { sent, failed } = await probe.end();
  check(failed.length === 0, `${sent} requests meanwhile, ${failed.length} failed`);
  const degraded = await api.ok('GET', `${ws}/agents?state=degraded`);
  check(degraded.data[0]?.name === 'web-north', 'web-north is degraded until the change is mended');
  squatter.close();
  version = refused.version;
  await api.ok('PATCH', `/v1/virtual-hosts/${north.id}`, { listen_port: north.port });
  const mended = await settled(api, workspace.id, version);
  check(
    mended.agents.every((one) => one.failure === null),
    `v${mended.version} takes it back; both agents are well`,
  );

  title('The control plane is killed; traffic goes on; nothing is lost');
  const inHand = await api.ok('GET', `/v1/upstreams/${upstream.id}`);
  const stories = await api.ok('GET', `${ws}/changes`);
  for (const part of plane.killable) {
    const during = prober(hosts);
    await plane.kill(part);
    await new Promise((resolve) => setTimeout(resolve, 500));
    const started = performance.now();
    await plane.restart(part);
    const ms = Math.round(performance.now() - started);
    const { sent: asked, failed: missed } = await during.end();
    check(
      missed.length === 0,
      `kill -9 of the ${part}: ready again after ${ms} ms; ${asked} requests meanwhile, ${missed.length} failed`,
    );
  }
  check(
    JSON.stringify(await api.ok('GET', `/v1/upstreams/${upstream.id}`)) === JSON.stringify(inHand),
    'the upstream is as it was',
  );
  check(
    JSON.stringify((await api.ok('GET', `${ws}/changes`)).data) === JSON.stringify(stories.data),
    `all ${stories.meta.total} versions are as they were`,
  );
  await until(
    'both agents are back',
    async () => (await api.ok('GET', `${ws}/agents?state=online`)).meta.total === 2,
    60_000,
  );
  good('both agents are back');
  version = await latest(api, workspace.id);
  await api.ok('PATCH', `/v1/upstreams/${upstream.id}`, {
    servers: [
      { address: blue.address, weight: 1 },
      { address: green.address, weight: 3 },
    ],
  });
  const after = await settled(api, workspace.id, version);
  check(
    after.agents.every((one) => one.state === 'applied'),
    `v${after.version} went through the restarted control plane`,
  );
  const counts = await distribution(south.port, south.host, 40);
  check(counts.get('green') === 30, `${south.host}: 40 requests, ${show(counts)}`);

  title('The story of each change');
  await tell(api, workspace.id);

  if (keep) {
    title('It goes on; Ctrl-C ends it');
    say(`sign in:    curl -s ${plane.url}/v1/auth/login -H 'Content-Type: application/json' \\`);
    say(`              -d '{"email":"${ADMIN.email}","password":"${ADMIN.password}"}'`);
    say(`the story:  curl -s ${plane.url}${ws}/changes -H "Authorization: Bearer $TOKEN"`);
    say(`a request:  curl -s -H 'Host: ${north.host}' http://127.0.0.1:${north.port}/`);
    say(`the API:    ${plane.url}/openapi.json`);
    await new Promise<void>((resolve) => process.once('SIGINT', () => resolve()));
  } else {
    say(
      'bin/demo --keep leaves it running to go on by hand; docs/getting-started.md tells how to start your own.',
    );
  }
  blue.server.close();
  green.server.close();
}

const show = (counts: ReadonlyMap<string, number>): string =>
  [...counts]
    .map(([name, count]) => `${name} ${count}`)
    .sort()
    .join(', ');

try {
  await run();
  await endEverything();
  console.log('\nEvery step was as it should be.');
  process.exit(0);
} catch (error) {
  console.error(`\nNot as it should be: ${error instanceof Error ? error.message : String(error)}`);
  console.error(`The logs are in ${folder}`);
  for (const { process: agent } of agents) {
    await agent.end('SIGKILL');
  }
  for (const { stateDir } of agents) {
    await endNginx(stateDir).catch(() => {});
  }
  await plane?.end();
  process.exit(1);
}
