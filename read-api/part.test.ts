// SPDX-License-Identifier: Apache-2.0
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { idOf, startReadApi } from './read-api.harness.js';

const api = await startReadApi();
await api.organization('acme');
await api.workspace('production', 'acme');
await api.upstream('pool', 'production');
await api.upstream('other', 'production');
await api.virtualHost('site', 'production');
await api.agent('web', 'production');
await api.certificate('shop', 'production');
const { token } = await api.user({ [idOf('acme')]: 'viewer' });
test.after(() => api.close());

const get = (path: string, headers = {}) => api.call('GET', path, { token, headers });
const pool = `/v1/upstreams/${idOf('pool')}`;
const site = `/v1/virtual-hosts/${idOf('site')}`;

test('parts stand in their order, with the ETag of what they are parts of', async () => {
  const whole = await get(pool);
  const servers = await get(`${pool}/servers?per_page=1&after=1`);
  assert.equal(servers.json, {
    data: whole.json.servers,
    meta: { page: 1, per_page: 1, total: 1 },
  });
  assert.is(servers.headers['etag'], whole.headers['etag']);
  assert.equal((await get(`${pool}/servers?page=2`)).json.data, []);
  assert.is((await get(`${pool}/servers?page=0`)).status, 422);
  const locations = await get(`${site}/locations`);
  assert.equal(locations.json.data, (await get(site)).json.locations);
});

test('a part is named by its address or path, encoded; 304 while nothing has changed', async () => {
  const server = `${pool}/servers/10.0.1.20%3A8080`;
  const answer = await get(server);
  assert.is(answer.json.address, '10.0.1.20:8080');
  assert.is((await get(`${pool}/servers/10.0.1.20:8080`)).text, answer.text);
  assert.is((await get(server, { 'if-none-match': String(answer.headers['etag']) })).status, 304);
  assert.is((await get(`${site}/locations/%2Fapi%2Fv1`)).json.path, '/api/v1');
  for (const path of [
    `${pool}/servers/10.0.1.21:8080`,
    `${pool}/servers/..%2f..%2fetc`,
    `${site}/locations/%2F`,
    `${site}/locations/api`,
    `${site}/locations//api/v1`,
    `/v1/upstreams/${idOf('site')}/servers`,
  ]) {
    assert.is((await get(path)).status, 404, path);
  }
});

test('lists by name or domain have that one alone', async () => {
  const names = async (path: string, query: string): Promise<string[]> => {
    const { json } = await get(`/v1/workspaces/${idOf('production')}/${path}?${query}`);
    assert.is(json.meta.total, json.data.length);
    return json.data.map((one: { name?: string; domain: string }) => one.name ?? one.domain);
  };
  assert.equal(await names('upstreams', 'name=pool'), ['pool']);
  assert.equal(await names('upstreams', 'name=poo'), []);
  assert.equal(await names('virtual-hosts', 'name=site'), ['site']);
  assert.equal(await names('agents', 'name=web&state=all'), ['web']);
  assert.equal(await names('agents', 'name=other'), []);
  assert.equal(await names('certificates', 'domain=shop.example.com'), ['shop.example.com']);
  assert.equal(await names('certificates', 'domain=example.com'), []);
});

test.run();
