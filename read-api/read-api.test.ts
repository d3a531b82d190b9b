// SPDX-License-Identifier: Apache-2.0
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { newId } from '../http/http.harness.js';
import { needsOrganization, type Route } from '../http/index.js';
import { people } from './member.harness.js';
import { AT, idOf, type ReadApi, startReadApi } from './read-api.harness.js';

let api: ReadApi;
let token: string;
let nobody: string;
let admin: string;

test.before(async () => {
  api = await startReadApi();
  for (const [organization, workspace] of [
    ['acme', 'production'],
    ['rival', 'lab'],
  ] as const) {
    await api.organization(organization);
    await api.workspace(workspace, organization);
    await api.upstream(`${workspace}-upstream`, workspace);
    await api.virtualHost(`${workspace}-host`, workspace);
    await api.agent(`${workspace}-agent`, workspace);
    await api.certificate(`${workspace}-certificate`, workspace);
    await api.version(1, workspace);
    await people(api).member(`${organization}-member`, organization);
    await people(api).invitation(`${organization}-invitation`, organization);
    await api.operation(`${workspace}-operation`, workspace);
  }
  await api.workspace('staging', 'acme');
  token = (await api.user({ [idOf('acme')]: 'admin' })).token;
  nobody = (await api.user()).token;
  admin = (await api.user({}, true)).token;
});
test.after(() => api.close());

const get = (path: string, as = token, headers = {}) => api.call('GET', path, { token: as, headers });

/** The id of each kind in an organization, by the parameter's name. */
const ids = (organization: string, workspace: string): Record<string, string> => ({
  organization_id: idOf(organization),
  workspace_id: idOf(workspace),
  agent_id: idOf(`${workspace}-agent`),
  upstream_id: idOf(`${workspace}-upstream`),
  virtual_host_id: idOf(`${workspace}-host`),
  certificate_id: idOf(`${workspace}-certificate`),
  user_id: idOf(`${organization}-member`),
  invitation_id: idOf(`${organization}-invitation`),
  operation_id: idOf(`${workspace}-operation`),
  version: '1',
  server_address: encodeURIComponent('10.0.1.20:8080'),
  location_path: encodeURIComponent('/api/v1'),
  other: '1',
  request_id: `request-${idOf(workspace)}`,
});
/** Blame asks for a file too, which only a real bundle has; audit and events name their organization in the query. */
const asksByPath = ({ tag, operationId }: Route): boolean =>
  tag !== 'Audit' && tag !== 'Events' && operationId !== 'blameAgentConfig';

const fill = (path: string, values: Record<string, string>): string =>
  path.replaceAll(/\{(\w+)\}/g, (_, name: string) => values[name] ?? '?');

test('D01, D07: every route with an id: mine 200, foreign and random the same 404, an administrator all', async () => {
  const routes = api.routes.filter(
    (one) => asksByPath(one) && one.permission !== 'public' && needsOrganization(one.permission),
  );
  assert.is(routes.length, 38);
  for (const { path } of routes) {
    const own = fill(path, ids('acme', 'production'));
    const foreign = fill(path, ids('rival', 'lab'));
    const random = path
      .replaceAll(/\{\w+_id\}/g, newId())
      .replace('{version}', '1')
      .replace('{other}', '1');
    assert.is((await get(own)).status, 200, own);
    assert.is((await get(foreign, admin)).status, 200, foreign);
    const same = { 'x-request-id': 'same' };
    const answers = await Promise.all([
      get(random, token, same),
      get(foreign, token, same),
      get(own, nobody, same),
      get(random, admin, same),
      get(own.toUpperCase().replace('/V1', '/v1'), token, same),
    ]);
    for (const answer of answers) {
      assert.is(answer.status, 404, path);
      assert.is(answer.text, answers[0]?.text);
      const names = Object.keys(answer.headers).filter((name) => !/ratelimit|^vary$/.test(name));
      assert.equal(
        names,
        Object.keys(answers[0]?.headers ?? {}).filter((name) => !/ratelimit|^vary$/.test(name)),
      );
    }
    assert.is((await api.call('GET', own)).status, 401);
  }
});

test('nothing internal and nothing unlisted is shown', async () => {
  await api.health('production-agent');
  for (const { path } of api.routes.filter(asksByPath)) {
    const answer = await get(fill(path, ids('acme', 'production')));
    assert.is(answer.status, 200, answer.text);
    assert.not.match(answer.text, 'canary');
    assert.not.match(answer.text, '"_');
  }
});

test('organizations: those that I have a role in, all for an administrator, none for nobody', async () => {
  const names = async (as: string) =>
    (await get('/v1/organizations', as)).json.data.map((one: { slug: string }) => one.slug);
  assert.equal(await names(token), ['acme']);
  assert.equal(await names(admin), ['acme', 'rival']);
  assert.equal(await names(nobody), []);
  assert.equal((await get('/v1/organizations')).json, {
    data: [{ id: idOf('acme'), name: 'acme', slug: 'acme', created_at: AT, updated_at: AT }],
    meta: { page: 1, per_page: 20, total: 1 },
  });
});

test('ETag is the revision of the resource; 304 when the caller has it', async () => {
  const path = `/v1/upstreams/${idOf('production-upstream')}`;
  const answer = await get(path);
  assert.is(answer.headers.etag, '"3"');
  assert.is((await get(path, token, { 'if-none-match': '"3"' })).status, 304);
  assert.is((await get(path, token, { 'if-none-match': '"2"' })).status, 200);
});

test('pages: in order by name, with links that lead through all of them', async () => {
  for (let index = 0; index < 45; index += 1) {
    await api.upstream(`page-${String(index).padStart(2, '0')}`, 'staging');
  }
  const names: string[] = [];
  let next: string | undefined = `/v1/workspaces/${idOf('staging')}/upstreams?per_page=20&after=7`;
  let pages = 0;
  while (next !== undefined) {
    const answer = await get(next);
    assert.is(answer.status, 200, answer.text);
    assert.is(answer.json.meta.total, 45);
    names.push(...answer.json.data.map((one: { name: string }) => one.name));
    next = /<(\/v1\/[^>]+)>; rel="next"/.exec(String(answer.headers['link']))?.[1];
    pages += 1;
  }
  assert.is(pages, 3);
  assert.equal(
    names,
    Array.from({ length: 45 }, (_, index) => `page-${String(index).padStart(2, '0')}`),
  );
});

test('D10: pages and filters outside their bounds are 422; a page behind the last is empty', async () => {
  const path = `/v1/workspaces/${idOf('staging')}/upstreams`;
  for (const query of [
    'per_page=1000000000',
    'per_page=0',
    'per_page=101',
    'page=-1',
    'page=0',
    'page=1e3',
    'page=99999999999999999999',
    'sort=password_hash',
    'per_page[]=1',
    'page=1&page=1',
    'after=-1',
    'after=1.5',
  ]) {
    const answer = await get(`${path}?${query}`);
    assert.is(answer.status, 422, query);
    assert.is(answer.json.error.code, 'VALIDATION_ERROR');
    assert.ok(answer.json.error.details.length > 0);
  }
  const behind = await get(`${path}?page=1000000&per_page=100`);
  assert.is(behind.status, 200);
  assert.equal(behind.json.data, []);
  assert.is(behind.json.meta.total, 45);
});

test('agents: by state and by labels, together and in pages', async () => {
  const label = (env: string, region: string) => ({ labels: { env, region } });
  await api.agent('a1', 'staging', label('production', 'us-east'));
  await api.agent('a2', 'staging', { ...label('production', 'us-east'), state: 'offline' });
  await api.agent('a3', 'staging', { ...label('production', 'us-west'), state: 'degraded' });
  await api.agent('a4', 'staging', label('test', 'us-east'));
  const names = async (query: string): Promise<string[]> => {
    const answer = await get(`/v1/workspaces/${idOf('staging')}/agents${query}`);
    assert.is(answer.status, 200, answer.text);
    assert.is(answer.json.meta.total >= answer.json.data.length, true);
    return answer.json.data.map((one: { name: string }) => one.name);
  };
  assert.equal(await names(''), ['a1', 'a2', 'a3', 'a4']);
  assert.equal(await names('?state=all'), ['a1', 'a2', 'a3', 'a4']);
  assert.equal(await names('?state=online'), ['a1', 'a4']);
  assert.equal(await names('?state=degraded'), ['a3']);
  assert.equal(await names('?label_selector=env=production,region=us-east'), ['a1', 'a2']);
  assert.equal(await names('?state=offline&label_selector=env%3Dproduction'), ['a2']);
  assert.equal(await names('?label_selector=constructor=x'), []);
  assert.equal(await names('?label_selector=env=production&per_page=2&page=2'), ['a3']);
  for (const query of [
    '?state=gone',
    '?label_selector=',
    '?label_selector=env',
    `?label_selector=${'a=b,'.repeat(2000)}a=b`,
  ]) {
    assert.is((await get(`/v1/workspaces/${idOf('staging')}/agents${query}`)).status, 422, query);
  }
});

test('labels are compared across more agents than one read holds', async () => {
  await api.workspace('fleet', 'acme');
  for (let index = 0; index < 1203; index += 1) {
    await api.agent(`f-${String(index).padStart(4, '0')}`, 'fleet', { labels: { odd: String(index % 2) } });
  }
  const answer = await get(`/v1/workspaces/${idOf('fleet')}/agents?label_selector=odd=1&per_page=100&page=7`);
  assert.is(answer.json.meta.total, 601);
  assert.is(answer.json.data[0].name, 'f-1201');
});

test('an agent has its health as the specification shows it, and is never answered from a cache', async () => {
  await api.agent('healthy', 'staging', { labels: { env: 'production' } });
  await api.health('healthy', '2026-03-02T12:00:00.000Z');
  const path = `/v1/agents/${idOf('healthy')}`;
  const answer = await get(path, token, { 'if-none-match': '"5"' });
  assert.is(answer.status, 200);
  assert.is(answer.headers.etag, '"5"');
  assert.equal(answer.json.health, {
    nginx_status: 'running',
    nginx_uptime_seconds: 86_400,
    active_connections: 42,
    requests_per_second: 150.5,
    cpu_percent: 25,
    memory_used_mb: 512,
    config_version: 42,
    reported_at: '2026-03-02T12:00:00.000Z',
  });
  assert.is(answer.json.last_seen_at, '2026-03-02T12:00:00.000Z');
  await api.agent('healthy', 'staging', { state: 'offline' });
  assert.is((await get(path)).json.last_seen_at, AT);
});

test('a certificate has expired when its time is over, whatever its revision', async () => {
  await api.certificate('old', 'staging', '2026-02-02T10:00:00.000Z');
  await api.certificate('young', 'staging');
  const statusOf = async (name: string) =>
    (await get(`/v1/certificates/${idOf(name)}`, token, { 'if-none-match': '"7"' })).json.status;
  assert.equal([await statusOf('old'), await statusOf('young')], ['expired', 'active']);
  const { data } = (await get(`/v1/workspaces/${idOf('staging')}/certificates`)).json;
  assert.equal(
    data.map((one: { domain: string; status: string }) => [one.domain, one.status]),
    [
      ['old.example.com', 'expired'],
      ['young.example.com', 'active'],
    ],
  );
});

test('an agent that never came: nulls, no health', async () => {
  await api.agent('fresh', 'staging', {
    hostname: null,
    ip_address: null,
    version: null,
    deployment_mode: null,
    capabilities: null,
    nginx_version: null,
    state: 'offline',
    last_seen_at: null,
  });
  const { json } = await get(`/v1/agents/${idOf('fresh')}`);
  assert.equal([json.hostname, json.capabilities, json.last_seen_at, json.health], [null, [], null, null]);
});

test('after and NxMesh-Position: read what the models have passed, 503 for what they have not', async () => {
  const path = `/v1/upstreams/${idOf('production-upstream')}`;
  assert.is((await get(`${path}?after=100`)).status, 200);
  assert.is((await get(path, token, { 'nxmesh-position': '100' })).status, 200);
  for (const answer of [
    await get(`${path}?after=101`),
    await get(path, token, { 'nxmesh-position': '101' }),
  ]) {
    assert.is(answer.status, 503);
    assert.is(answer.json.error.code, 'SERVICE_UNAVAILABLE');
    assert.is(answer.headers['retry-after'], '1');
  }
});

test('probes: alive always, ready when it is, without credentials', async () => {
  assert.equal((await api.call('GET', '/livez')).json, { ok: true });
  assert.equal((await api.call('GET', '/readyz')).json, { ok: true });
  api.state.ready = { ok: false, why: 'read models are catching up' };
  const answer = await api.call('GET', '/readyz');
  assert.is(answer.status, 503);
  assert.is(answer.json.error.message, 'read models are catching up');
  assert.is((await api.call('GET', '/livez')).status, 200);
  assert.is((await api.call('HEAD', '/readyz')).status, 503);
  api.state.ready = { ok: true };
});

test.run();
