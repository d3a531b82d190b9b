// SPDX-License-Identifier: Apache-2.0
/** Single servers and locations over real HTTP. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { id, WORKSPACE } from '../domain/workspace/workspace.fixture.js';
import { locationCommands } from './location.js';
import { upstreamCommands } from './upstream.js';
import { upstreamServerCommands } from './upstream-server.js';
import { virtualHostCommands } from './virtual-host.js';
import { workspaceApp } from './workspace-app.harness.js';

const app = await workspaceApp((deps) => [
  ...upstreamCommands(deps),
  ...upstreamServerCommands(deps),
  ...virtualHostCommands(deps),
  ...locationCommands(deps),
]);
const { send, facts } = app;
test.after(() => app.close());

const a = '10.0.0.1:80';
const b = '[2001:db8::1]:80';
async function pool(name: string) {
  const servers = [{ address: a }, { address: b }];
  const made = await send('POST', `/v1/workspaces/${WORKSPACE}/upstreams`, { name, servers });
  assert.is(made.status, 201, made.text);
  return { path: `/v1/upstreams/${made.json.id}`, etag: String(made.headers['etag']) };
}
const at = (path: string, address: string) => `${path}/servers/${encodeURIComponent(address)}`;
/** The upstream as it is now: a change of nothing answers with it. */
const now = async (path: string) => (await send('PATCH', path, { keepalive_connections: 0 })).json;

test('two people change two servers at once, and nothing is lost', async () => {
  const { path } = await pool('at-once');
  const answers = await Promise.all([
    send('PATCH', at(path, a), { weight: 5 }),
    send('PATCH', at(path, b), { down: true }),
    send('POST', `${path}/servers`, { address: '10.0.0.3:80' }),
  ]);
  assert.equal(
    answers.map(({ status }) => status),
    [200, 200, 201],
  );
  assert.equal([answers[0].json.weight, answers[1].json.down, answers[2].json.max_fails], [5, true, 1]);
  const { servers } = await now(path);
  assert.equal(
    servers.map((one: { weight: number; down: boolean }) => [one.weight, one.down]),
    [
      [5, false],
      [1, true],
      [1, false],
    ],
  );
});

test('the ETag is that of the upstream, and an older one is refused on every method', async () => {
  const { path, etag } = await pool('etag');
  const first = await send('PATCH', at(path, a), { weight: 2 }, { 'if-match': etag });
  assert.is(first.status, 200);
  const written = (await facts()).length;
  const stale = { 'if-match': etag };
  for (const [method, to, body] of [
    ['PATCH', at(path, b), { weight: 3 }],
    ['DELETE', at(path, b), undefined],
    ['POST', `${path}/servers`, { address: '10.0.0.4:80' }],
    ['PATCH', path, { algorithm: 'ip_hash' }],
  ] as const) {
    assert.is((await send(method, to, body, stale)).status, 412, `${method} ${to}`);
  }
  assert.is((await facts()).length, written, 'what is refused writes nothing');
  const newest = { 'if-match': String(first.headers['etag']) };
  assert.is((await send('DELETE', at(path, b), undefined, newest)).status, 204);
  assert.equal((await now(path)).servers.length, 1);
});

test('an address is renamed, and the answer is under its new name', async () => {
  const { path } = await pool('renamed');
  const renamed = await send('PATCH', at(path, a), { address: 'app.internal:8080', weight: null });
  assert.equal([renamed.status, renamed.json.address], [200, 'app.internal:8080']);
  assert.is((await send('PATCH', at(path, a), { weight: 1 })).status, 404);
  assert.is((await send('PATCH', at(path, 'APP.internal:8080'), { weight: 7 })).json.weight, 7);
});

test('what is not right is refused by its own field, and what is not there is not found', async () => {
  const { path } = await pool('refused');
  const cases: [string, string, unknown, number, string?][] = [
    ['POST', `${path}/servers`, { address: a }, 409, 'address'],
    ['POST', `${path}/servers`, { address: '169.254.169.254:80' }, 422, 'address'],
    ['POST', `${path}/servers`, { address: '10.0.0.9:80', id: id(1) }, 422, 'id'],
    ['POST', `${path}/servers`, { address: '10.0.0.9:80', weight: 0 }, 422, 'weight'],
    ['PATCH', at(path, a), {}, 422, 'body'],
    ['PATCH', at(path, a), { weight: 'x' }, 422, 'weight'],
    ['PATCH', at(path, a), { address: null }, 422, 'address'],
    ['PATCH', at(path, '10.9.9.9:80'), { weight: 2 }, 404],
    ['PATCH', at(path, '../../etc'), { weight: 2 }, 404],
    ['PATCH', `${path}/servers/%E0%A4%A`, { weight: 2 }, 404],
    ['DELETE', at(`/v1/upstreams/${id(77)}`, a), undefined, 404],
  ];
  for (const [method, to, body, status, field] of cases) {
    const answer = await send(method, to, body);
    assert.is(answer.status, status, `${method} ${to}: ${answer.text}`);
    if (field !== undefined) {
      assert.is(answer.json.error.details[0].field, field, answer.text);
    }
  }
});

test('the same Idempotency-Key adds a server once', async () => {
  const { path } = await pool('once');
  const add = () => send('POST', `${path}/servers`, { address: '10.0.0.5:80' }, { 'idempotency-key': 'k' });
  const [first, again] = [await add(), await add()];
  assert.equal([first.status, again.text], [201, first.text]);
  assert.is((await now(path)).servers.length, 3);
});

test('a location is named by its path, encoded', async () => {
  const made = await send('POST', `/v1/workspaces/${WORKSPACE}/virtual-hosts`, {
    name: 'A',
    server_name: 'a.example.com',
    locations: [{ path: '/', proxy_pass: 'http://10.0.0.1' }],
  });
  const path = `/v1/virtual-hosts/${made.json.id}/locations`;
  const one = (location: string) => `${path}/${encodeURIComponent(location)}`;
  const location = { path: '/api/v1 x', proxy_pass: 'http://10.0.0.2' };
  assert.is((await send('POST', path, location)).json.error.details[0].field, 'path');
  const added = await send('POST', path, { ...location, path: "/api/v1/a&b'" });
  assert.is(added.status, 201, added.text);
  const changed = await send('PATCH', one("/api/v1/a&b'"), { path: '/api/v2', custom_headers: null });
  assert.equal([changed.status, changed.json.path], [200, '/api/v2']);
  assert.is(
    (await send('PATCH', one('/api/v2'), { upstream_id: id(88) })).json.error.details[0].field,
    'upstream_id',
  );
  assert.is((await send('DELETE', one('/'))).status, 204);
  const { json } = await send('PATCH', `/v1/virtual-hosts/${made.json.id}`, { http2_enabled: false });
  assert.equal(
    json.locations.map((left: { path: string }) => left.path),
    ['/api/v2'],
  );
});

test.run();
