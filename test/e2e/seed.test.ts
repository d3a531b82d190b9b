// SPDX-License-Identifier: Apache-2.0
/** The NxMesh API specification's own examples, against a real control plane and a real agent. */
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { folder } from '../harness/folder.js';
import { agentProcess, type ControlPlane, controlPlane, endNginx } from '../harness/nxmesh.js';
import { freePort } from '../harness/ports.js';
import type { Running } from '../harness/process.js';
import { until } from '../harness/until.js';

const test = suite('specification');
const place = folder('seed');
const stateDir = join(place.path, 'agent');
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
let plane: ControlPlane;
let agent: Running | undefined;
let organization: { id: string };
let workspace: { id: string };
let agentId: string;
let ws: string;

test.before(async () => {
  plane = await controlPlane(join(place.path, 'control-plane'));
});

test.after(async () => {
  await agent?.end();
  await endNginx(stateDir);
  await plane.process.end();
  place.remove();
});

/** The members of an example, of the same types. */
function hasShape(actual: Record<string, unknown>, example: Record<string, unknown>): void {
  for (const [field, value] of Object.entries(example)) {
    assert.is(typeof actual[field], typeof value, field);
  }
}

test('login answers with a bearer token', async () => {
  const login = { email: 'admin@example.com', password: 'correct horse battery' };
  const response = await fetch(`${plane.url}/v1/auth/login`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(login),
  });
  const body = (await response.json()) as Record<string, unknown>;
  assert.is(response.status, 200);
  assert.is(body.token_type, 'Bearer');
  hasShape(body, { access_token: '', expires_in: 900 });
});

test('an organization and its list', async () => {
  const made = await plane.api.request('POST', '/v1/organizations', { name: 'Acme Corp', slug: 'acme-corp' });
  assert.is(made.status, 201);
  assert.match(made.body.id, UUID);
  organization = made.body;
  const list = await plane.api.ok('GET', '/v1/organizations?page=1&per_page=20');
  assert.equal(list, { data: [made.body], meta: { page: 1, per_page: 20, total: 1 } });
  assert.equal(Object.keys(made.body), ['id', 'name', 'slug', 'created_at', 'updated_at']);
  const again = await plane.api.request('POST', '/v1/organizations', { name: 'Acme', slug: 'acme-corp' });
  assert.equal(
    [again.status, again.body.error.code, again.body.error.details[0].field],
    [409, 'CONFLICT', 'slug'],
  );
  const renamed = await plane.api.ok('PATCH', `/v1/organizations/${organization.id}`, {
    name: 'Acme Corporation',
  });
  assert.is(renamed.name, 'Acme Corporation');
  assert.equal(await plane.api.ok('GET', `/v1/organizations/${organization.id}`), renamed);
});

test('a workspace', async () => {
  const path = `/v1/organizations/${organization.id}/workspaces`;
  workspace = await plane.api.ok('POST', path, { name: 'Staging', slug: 'staging' });
  hasShape(workspace, { id: '', organization_id: '', name: '', slug: '', created_at: '' });
  ws = `/v1/workspaces/${workspace.id}`;
  const renamed = await plane.api.ok('PATCH', ws, { name: 'Staging Environment' });
  assert.is(renamed.name, 'Staging Environment');
  assert.equal((await plane.api.ok('GET', `${path}?page=1&per_page=20`)).data, [renamed]);
});

test('an agent token, and the agent that joins with it', async () => {
  const body = {
    name: 'web-server-02',
    labels: { env: 'production', region: 'us-west-1' },
    expires_in_hours: 24,
  };
  const key = { 'Idempotency-Key': 'token-1' };
  const made = await plane.api.request('POST', `${ws}/agents/tokens`, body, key);
  assert.is(made.status, 201);
  assert.match(made.body.token, /^nxmesh_agent_/);
  assert.equal((await plane.api.request('POST', `${ws}/agents/tokens`, body, key)).body, made.body);
  agentId = made.body.agent_id;
  agent = agentProcess({ token: made.body.token, gateway: plane.gateway, stateDir });
  const online = (query: string) => plane.api.ok('GET', `${ws}/agents?page=1&per_page=20&${query}`);
  await until('the agent is online', async () => (await online('state=online')).meta.total === 1);
  const [listed] = (await online('state=all&label_selector=env=production,region=us-west-1')).data;
  hasShape(listed, {
    id: '',
    workspace_id: '',
    name: '',
    hostname: '',
    ip_address: '',
    version: '',
    state: '',
    deployment_mode: '',
    last_seen_at: '',
    capabilities: [],
    labels: {},
    created_at: '',
  });
  assert.is((await online('label_selector=env=production,region=eu')).meta.total, 0);
  assert.is((await online('state=offline')).meta.total, 0);
  assert.is((await plane.api.request('GET', `${ws}/agents?state=sleepy`)).status, 422);
});

test('one agent with its health', async () => {
  const one = await until(
    'health',
    async () => {
      const found = await plane.api.ok('GET', `/v1/agents/${agentId}`);
      return found.health && found;
    },
    20_000,
  );
  hasShape(one.health, {
    nginx_status: 'running',
    nginx_uptime_seconds: 1,
    active_connections: 1,
    requests_per_second: 1,
    cpu_percent: 1,
    memory_used_mb: 1,
    config_version: 1,
  });
});

test('an upstream with a backup server', async () => {
  const body = {
    name: 'web-backend',
    algorithm: 'least_connections',
    servers: [
      { address: '10.0.1.30:8080', weight: 2, backup: false },
      { address: '10.0.1.31:8080', weight: 1, backup: false },
      { address: '10.0.1.32:8080', weight: 1, backup: true },
    ],
    health_check: { enabled: true, path: '/health', interval: 10, timeout: 5 },
  };
  const made = await plane.api.request('POST', `${ws}/upstreams`, body);
  assert.is(made.status, 201);
  assert.is(made.body.algorithm, 'least_connections');
  assert.equal(
    made.body.servers.map((one: { weight: number; backup: boolean }) => [one.weight, one.backup]),
    [
      [2, false],
      [1, false],
      [1, true],
    ],
  );
  for (const [field, value] of Object.entries(body.health_check)) {
    assert.is(made.body.health_check[field], value);
  }
  const changed = await plane.api.ok('PATCH', `/v1/upstreams/${made.body.id}`, {
    servers: [{ address: '10.0.1.30:8080', weight: 3, backup: false }],
  });
  assert.equal(
    changed.servers.map((one: { weight: number }) => one.weight),
    [3],
  );
});

test('a virtual host with locations and a selector, proven by nginx', async () => {
  const [upstream] = (await plane.api.ok('GET', `${ws}/upstreams`)).data;
  const body = {
    name: 'API Gateway',
    server_name: 'api.example.com',
    listen_port: await freePort(),
    locations: [
      {
        path: '/api/v1',
        upstream_id: upstream.id,
        custom_headers: [{ name: 'X-Forwarded-Proto', value: '$scheme' }],
      },
      { path: '/health', proxy_pass: 'http://localhost:8080/health' },
    ],
    target_agents: { type: 'selector', label_selector: 'env=production' },
  };
  const made = await plane.api.request('POST', `${ws}/virtual-hosts`, body);
  assert.is(made.status, 201);
  assert.equal(made.body.target_agents, body.target_agents);
  const patched = await plane.api.ok('PATCH', `/v1/virtual-hosts/${made.body.id}`, {
    name: 'API Gateway v2',
    locations: [{ path: '/api/v2', upstream_id: upstream.id }],
  });
  assert.equal(
    [patched.name, patched.locations.length, patched.listen_port],
    ['API Gateway v2', 1, body.listen_port],
  );
  const newest = await until('the newest version is proven', async () => {
    const [{ version }] = (await plane.api.ok('GET', `${ws}/changes?per_page=1`)).data;
    const change = await plane.api.ok('GET', `${ws}/changes/${version}`);
    return change.agents[0].state === 'applied' && change;
  });
  assert.equal(newest.changes[0].fields, ['locations', 'name']);
});

test('a reload', async () => {
  const reloaded = await plane.api.ok('POST', `/v1/agents/${agentId}/reload`);
  assert.equal([reloaded.success, reloaded.message], [true, 'Nginx reloaded successfully']);
  const path = `/v1/agents/${agentId}/reload`;
  const begun = await plane.api.request('POST', path, undefined, { Prefer: 'respond-async' });
  assert.is(begun.status, 202);
  assert.is(begun.body.state, 'running');
  const location = begun.headers.get('location') ?? '';
  assert.is(location, `/v1/operations/${begun.body.id}`);
  // At once it is there; later it has the outcome.
  assert.is((await plane.api.ok('GET', location)).id, begun.body.id);
  const done = await until('the operation has ended', async () => {
    const operation = await plane.api.ok('GET', location);
    return operation.state === 'running' ? undefined : operation;
  });
  assert.equal([done.state, done.error, done.resource.id], ['succeeded', null, agentId]);
  const waited = await plane.api.request('POST', path, undefined, { Prefer: 'respond-async, wait=10' });
  assert.equal([waited.status, waited.body.success], [200, true]);
});

test('what is in use is not deleted, and the rest goes', async () => {
  const [host] = (await plane.api.ok('GET', `${ws}/virtual-hosts`)).data;
  const [upstream] = (await plane.api.ok('GET', `${ws}/upstreams`)).data;
  assert.is((await plane.api.request('DELETE', `/v1/upstreams/${upstream.id}`)).status, 409);
  assert.is((await plane.api.request('DELETE', ws)).status, 409);
  for (const path of [
    `/v1/virtual-hosts/${host.id}`,
    `/v1/upstreams/${upstream.id}`,
    `/v1/agents/${agentId}`,
    ws,
  ]) {
    assert.is((await plane.api.request('DELETE', path)).status, 204, path);
    assert.is((await plane.api.request('GET', path)).status, 404, path);
  }
  assert.is((await plane.api.request('DELETE', `/v1/organizations/${organization.id}`)).status, 204);
  assert.is(
    (await plane.api.request('POST', '/v1/organizations', { name: 'Acme', slug: 'acme-corp' })).status,
    201,
  );
});

test.run();
