// SPDX-License-Identifier: Apache-2.0
/**
 * REST command → proven in nginx, with 1, 100 and 1,000 virtual hosts: the whole way, nginx's own share (`nginx -t` and
 * HUP to the first new answer, as the agent's stages tell), the quiet period, and what is left: ours.
 * `node dist/bench/convergence.js [changes]`
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { agentProcess, controlPlane, endNginx } from '../test/harness/nxmesh.js';
import { freePort } from '../test/harness/ports.js';
import { until } from '../test/harness/until.js';
import { median } from './figures.js';

const CHANGES = Number(process.argv[2] ?? 15);
const QUIET_MS = 300;

interface Sample {
  total: number;
  tested: number;
  firstAnswer: number;
  ours: number;
}

async function measure(hosts: number): Promise<Sample[]> {
  const folder = mkdtempSync(join(tmpdir(), 'nxmesh-bench-'));
  const plane = await controlPlane(join(folder, 'control-plane'), {
    env: { NXMESH_RATE_LIMIT: '1000000', NXMESH_LOG_LEVEL: 'warn' },
  });
  const { api } = plane;
  const backend = createServer((_, response) => response.end('ok'));
  await new Promise<void>((resolve) => backend.listen(0, '127.0.0.1', resolve));
  const address = `127.0.0.1:${(backend.address() as { port: number }).port}`;
  const organization = await api.ok('POST', '/v1/organizations', { name: 'Bench', slug: 'bench' });
  const workspace = await api.ok('POST', `/v1/organizations/${organization.id}/workspaces`, {
    name: 'B',
    slug: 'b',
  });
  const ws = `/v1/workspaces/${workspace.id}`;
  const upstream = await api.ok('POST', `${ws}/upstreams`, { name: 'backend', servers: [{ address }] });
  const port = await freePort();
  const made: { id: string }[] = [];
  for (let n = 0; n < hosts; n += 50) {
    const some = Array.from({ length: Math.min(50, hosts - n) }, (_, index) => n + index);
    made.push(
      ...(await Promise.all(
        some.map((index) =>
          api.ok('POST', `${ws}/virtual-hosts`, {
            name: `Host ${index}`,
            server_name: `host-${index}.example.com`,
            listen_port: port,
            locations: [{ path: '/', upstream_id: upstream.id }],
          }),
        ),
      )),
    );
  }
  const { token } = await api.ok('POST', `${ws}/agents/tokens`, { name: 'bench' });
  const stateDir = join(folder, 'agent');
  const agent = agentProcess({ token, gateway: plane.gateway, stateDir });
  const applied = async (version: number) => {
    const change = await api.ok('GET', `${ws}/changes/${version}`);
    return change.agents[0]?.state === 'applied' && change.agents[0];
  };
  const newest = async (): Promise<number> =>
    (await api.ok('GET', `${ws}/changes?per_page=1`)).data[0].version;
  await until('the first version is proven', async () => applied(await newest()), 60_000);

  const samples: Sample[] = [];
  for (let n = 0; n < CHANGES; n += 1) {
    const before = await newest();
    const started = Date.now();
    await api.ok('PATCH', `/v1/virtual-hosts/${made[n % made.length]?.id}`, {
      locations: [
        { path: '/', upstream_id: upstream.id, custom_headers: [{ name: 'X-Change', value: String(n) }] },
      ],
    });
    const part = await until('the change is proven', () => applied(before + 1), 60_000, 5);
    const stages: Record<string, number> = part.stages;
    const total = Date.parse(part.applied_at) - started;
    const tested = (stages.tested ?? 0) - (stages.staged ?? 0);
    const proven = (stages.proven ?? 0) - (stages.signalled ?? 0);
    const firstAnswer = Math.max(0, proven - QUIET_MS);
    samples.push({ total, tested, firstAnswer, ours: total - tested - proven });
  }
  await agent.end();
  await endNginx(stateDir);
  await plane.process.end();
  backend.close();
  rmSync(folder, { recursive: true, force: true });
  return samples;
}

console.log('hosts  REST to proven  nginx -t  HUP to steady answer  quiet period  ours p50 (ms)');
for (const hosts of [1, 100, 1000]) {
  const samples = await measure(hosts);
  const p50 = (key: keyof Sample): string => median(samples.map((one) => one[key])).toFixed(0);
  console.log(
    `${String(hosts).padStart(5)}  ${p50('total').padStart(14)}  ${p50('tested').padStart(8)}  ${p50('firstAnswer').padStart(20)}  ${String(QUIET_MS).padStart(12)}  ${p50('ours').padStart(13)}`,
  );
}
process.exit(0);
