// SPDX-License-Identifier: Apache-2.0
/** A control plane moves to other stores: people, programs, agents and certificates go on as before. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { testPair } from '../../commands/certificate/pairs.harness.js';
import { systemRandom } from '../../kernel/index.js';
import { api } from '../harness/api.js';
import { folder } from '../harness/folder.js';
import { ADMIN, agentProcess, BIN, type ControlPlane, controlPlane, endNginx } from '../harness/nxmesh.js';
import { freePort } from '../harness/ports.js';
import { type Running, start } from '../harness/process.js';
import { tlsClient } from '../harness/tls-client.js';
import { until } from '../harness/until.js';

const NAME = 'moved.example.com';
const test = suite('moving');
const place = folder('moving');
const [before, after] = ['before', 'after'].map((name) => join(place.path, name)) as [string, string];
const stateDir = join(place.path, 'agent');
let plane: ControlPlane | undefined;
let agent: Running | undefined;

test.after(async () => {
  await plane?.process.end('SIGKILL');
  await agent?.end('SIGKILL');
  await endNginx(stateDir);
  place.remove();
});

async function run(...args: string[]): Promise<{ code: number | null; output: string }> {
  const running = start(BIN, args);
  const code = await running.exited;
  return { code, output: running.output() };
}

test('with its log and its vault', async () => {
  const first = await controlPlane(before);
  plane = first;
  const { id: organization } = await first.api.ok('POST', '/v1/organizations', {
    name: 'Acme',
    slug: 'acme',
  });
  const workspaces = `/v1/organizations/${organization}/workspaces`;
  const ws = `/v1/workspaces/${(await first.api.ok('POST', workspaces, { name: 'W', slug: 'w' })).id}`;
  const enrolment = await first.api.ok('POST', `${ws}/agents/tokens`, { name: 'a', labels: {} });
  const root = await testPair('Test Root', { names: [], isAuthority: true });
  const pair = await testPair(NAME, { names: [NAME], issuer: root });
  const certificate = await first.api.ok('POST', `${ws}/certificates`, {
    domain: NAME,
    certificate_pem: `${pair.certificate}${root.certificate}`,
    private_key_pem: pair.key,
  });
  agent = agentProcess({ token: enrolment.token, gateway: first.gateway, stateDir });
  const path = `/v1/agents/${enrolment.agent_id}`;
  const online = async (): Promise<boolean> => (await plane?.api.ok('GET', path))?.state === 'online';
  await until('the agent is online', online, 20_000);

  const inUse = await run('vault', 'copy', before, join(place.path, 'copy.db'));
  assert.is(inUse.code, 1, inUse.output);
  assert.match(inUse.output, /another process|in use/i);
  await first.process.end();

  const log = await run('log', 'copy', before, after);
  assert.is(log.code, 0, log.output);
  assert.ok(existsSync(join(after, 'events.db')), 'a folder that was not there');
  writeFileSync(join(after, 'master.key'), systemRandom.bytes(32), { mode: 0o600 });
  assert.match(log.output, /nxmesh vault copy/);
  const vault = ['vault', 'copy', before, after];
  const missing = await run(...vault, '--target-master-key-file', join(place.path, 'no.key'));
  assert.match(missing.output, /no\.key: there is no such file/);
  const key = ['--target-master-key-file', join(after, 'master.key')];
  const copied = await run(...vault, ...key);
  assert.is(copied.code, 0, copied.output);
  assert.is(
    (await run(...vault, ...key)).output.trim(),
    copied.output.trim().replace(/"copied":\d+/, '"copied":0'),
  );

  plane = await controlPlane(after, { ports: first.ports });
  const moved = api(plane.url, ADMIN);
  assert.is((await moved.ok('GET', '/v1/users/me')).email, ADMIN.email);
  await until('the agent is online again, by its certificate', online, 30_000);
  const port = await freePort();
  await moved.ok('POST', `${ws}/virtual-hosts`, {
    name: 'TLS',
    server_name: NAME,
    listen_port: port,
    ssl_enabled: true,
    ssl_certificate_id: certificate.id,
    locations: [{ path: '/', proxy_pass: 'http://127.0.0.1:9' }],
  });
  const client = tlsClient(port, root.certificate);
  const shown = async (): Promise<boolean> => (await client.shown(NAME)) === pair.fingerprint;
  await until('nginx shows the certificate of before', shown, 20_000);
});

test.run();
