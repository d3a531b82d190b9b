// SPDX-License-Identifier: Apache-2.0
import { request as httpRequest } from 'node:http';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { closed, Type } from '../schemas/index.js';
import { movableClock, newId, startApp, type TestApp } from './http.harness.js';
import { loginLimiter } from './login-limit.js';
import { preferOf } from './prefer.js';
import { type Route, route } from './route.js';
import { sampleRoutes } from './sample-routes.harness.js';

const CONSOLE = 'https://console.example.com';
const samples = sampleRoutes();
const [organization, workspace] = [newId(), newId()];
samples.workspaces.set(workspace, organization);

const Large = closed({ text: Type.String() });
const large = (method: 'GET' | 'POST', size: number, more: Partial<Route> = {}): Route =>
  route({
    method,
    path: `/v1/text/${method.toLowerCase()}/${size}`,
    operationId: `text${method}${size}`,
    summary: 'Text',
    tag: 'meta',
    permission: 'organization.list',
    success: { status: 200, schema: Large },
    handler: () => ({ body: { text: 'ab'.repeat(size / 2) }, ...(method === 'GET' ? { revision: 5n } : {}) }),
    ...more,
  });

const routes = [
  ...samples.routes,
  large('GET', 4000),
  large('GET', 100),
  large('POST', 4000),
  large('GET', 4002, { compress: false }),
];
let app: TestApp;
let token: string;

test.before(async () => {
  app = await startApp(routes, { corsOrigins: [CONSOLE] });
  token = (await app.user({ [organization]: 'editor' })).token;
});
test.after(() => app.close());

/** As `call`, with the bytes as they came. */
function bytes(path: string, headers: Record<string, string>, method = 'GET') {
  return new Promise<{ headers: Record<string, unknown>; body: Buffer; status: number }>(
    (resolve, reject) => {
      const options = { host: app.server.host, port: app.server.port, method, path, agent: false };
      const request = httpRequest(
        { ...options, headers: { authorization: `Bearer ${token}`, ...headers } },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('end', () =>
            resolve({
              headers: response.headers,
              body: Buffer.concat(chunks),
              status: response.statusCode ?? 0,
            }),
          );
        },
      );
      request.on('error', reject);
      request.end();
    },
  );
}

test('the limit is told in both ways, with the name of what is counted', async () => {
  const answer = await app.call('GET', '/v1/organizations', { token });
  assert.is(answer.headers['ratelimit-policy'], '"principal";q=100000;w=60');
  assert.match(String(answer.headers['ratelimit']), /^"principal";r=\d+;t=(60|59)$/);
  const nobody = await app.call('GET', '/v1/organizations');
  assert.is(nobody.headers['ratelimit-policy'], '"network";q=1000;w=60');
});

test('bad credentials, none, and paths that are not there count for the network; good ones pass all the same', async () => {
  const few = await startApp(samples.routes, { networkLimit: { limit: 4, windowMs: 60_000 } });
  const good = await few.user();
  const path = '/v1/organizations';
  const statuses = [
    (await few.call('GET', path, { token: 'bad' })).status,
    (await few.call('GET', path)).status,
    (await few.call('GET', '/v1/nothing')).status,
    (await few.call('PUT', path)).status,
    (await few.call('GET', path, { token: 'bad' })).status,
    (await few.call('GET', '/v1/nothing')).status,
  ];
  assert.equal(statuses, [401, 401, 404, 405, 429, 429]);
  const refused = await few.call('GET', path, { token: 'bad' });
  assert.is(refused.json.error.code, 'RATE_LIMITED');
  assert.ok(Number(refused.headers['retry-after']) > 0);
  assert.is((await few.call('GET', path, { token: good.token })).status, 200);
  few.clock.advance(60_001);
  assert.is((await few.call('GET', path, { token: 'bad' })).status, 401);
  await few.close();
});

test('bad credentials count also where good ones do not', async () => {
  const probe = large('GET', 2, { limited: false });
  const few = await startApp([probe], { networkLimit: { limit: 2, windowMs: 60_000 } });
  const good = await few.user();
  const statuses: number[] = [];
  for (const token of ['bad', 'bad', 'bad', good.token]) {
    statuses.push((await few.call('GET', probe.path, { token })).status);
  }
  assert.equal(statuses, [401, 401, 429, 200]);
  await few.close();
});

test('authentication without an account counts for the network alone, until it succeeds', () => {
  const limiter = loginLimiter({ clock: movableClock(), limit: 3, windowMs: 1000 });
  for (let index = 0; index < 10; index += 1) {
    limiter.attempt(undefined, '10.0.0.1').succeeded();
  }
  for (let index = 0; index < 3; index += 1) {
    limiter.attempt(undefined, '10.0.0.1');
  }
  assert.throws(() => limiter.attempt(undefined, '10.0.0.1'));
  limiter.attempt(undefined, '10.0.0.2');
});

test('pages of a named origin may read answers and send what the path takes; others may not', async () => {
  const asked = { origin: CONSOLE, 'access-control-request-method': 'POST' };
  const preflight = await app.call('OPTIONS', '/v1/organizations', { headers: asked });
  assert.is(preflight.status, 204);
  assert.is(preflight.headers['access-control-allow-origin'], CONSOLE);
  assert.is(preflight.headers['access-control-allow-methods'], 'GET, HEAD, POST, OPTIONS');
  assert.match(String(preflight.headers['access-control-allow-headers']), 'Idempotency-Key');
  const read = await app.call('GET', '/v1/organizations', { token, headers: { origin: CONSOLE } });
  assert.is(read.headers['access-control-allow-origin'], CONSOLE);
  assert.match(String(read.headers['access-control-expose-headers']), 'ETag');
  assert.match(String(read.headers.vary), 'Origin');
  const failed = await app.call('GET', '/v1/nothing', { headers: { origin: CONSOLE } });
  assert.is(failed.headers['access-control-allow-origin'], CONSOLE);
  for (const origin of [
    'https://evil.test',
    'null',
    `${CONSOLE}.evil.test`,
    CONSOLE.toUpperCase(),
    `${CONSOLE}/`,
  ]) {
    for (const method of ['OPTIONS', 'GET']) {
      const answer = await app.call(method, '/v1/organizations', { token, headers: { ...asked, origin } });
      assert.is(answer.headers['access-control-allow-origin'], undefined, origin);
      assert.is(answer.headers['access-control-allow-methods'], undefined, origin);
    }
  }
  const closedApp = await startApp(samples.routes);
  const none = await closedApp.call('OPTIONS', '/v1/organizations', { headers: asked });
  assert.is(none.headers['access-control-allow-origin'], undefined);
  assert.is(none.headers.vary, undefined);
  await closedApp.close();
});

test('large answers of reads are compressed on request, under a tag of their own that names the same revision', async () => {
  for (const [encoding, open] of [
    ['gzip', gunzipSync],
    ['br', brotliDecompressSync],
  ] as const) {
    const answer = await bytes('/v1/text/get/4000', { 'accept-encoding': encoding });
    assert.is(answer.headers['content-encoding'], encoding);
    assert.ok(answer.body.length < 500);
    assert.is((JSON.parse(open(answer.body).toString()) as { text: string }).text.length, 4000);
    assert.is(answer.headers['etag'], `"5-${encoding}"`);
    assert.match(String(answer.headers['vary']), 'Accept-Encoding');
    const again = await bytes('/v1/text/get/4000', {
      'accept-encoding': encoding,
      'if-none-match': `"5-${encoding}"`,
    });
    assert.is(again.status, 304);
    assert.is(again.headers['etag'], `"5-${encoding}"`);
  }
  const plain = await bytes('/v1/text/get/4000', {});
  assert.is(plain.headers['content-encoding'], undefined);
  assert.is(plain.headers['etag'], '"5"');
  assert.match(String(plain.headers['vary']), 'Accept-Encoding');
});

test('small answers, writes, errors and what says so are never compressed', async () => {
  const headers = { 'accept-encoding': 'gzip, br' };
  assert.is((await bytes('/v1/text/get/100', headers)).headers['content-encoding'], undefined);
  assert.is((await bytes('/v1/text/post/4000', headers, 'POST')).headers['content-encoding'], undefined);
  assert.is((await bytes('/v1/text/get/4002', headers)).headers['content-encoding'], undefined);
  const refused = await bytes(`/v1/organizations?${'x'.repeat(3000)}=1`, headers);
  assert.is(refused.status, 422);
  assert.is(refused.headers['content-encoding'], undefined);
});

test('If-Match takes the tag of a compressed answer', async () => {
  const made = await app.call('POST', `/v1/workspaces/${workspace}/upstreams`, {
    token,
    json: { name: 'squeezed', servers: [{ address: '10.0.0.1:80' }] },
  });
  const patch = (tag: string) =>
    app.call('PATCH', `/v1/upstreams/${made.json.id}`, {
      token,
      json: { name: 'changed' },
      headers: { 'if-match': tag },
    });
  assert.is((await patch('"7-zip"')).status, 412);
  assert.is((await patch('"7-gzip"')).status, 200);
});

test('Accept: what cannot be answered is 406, everything that leaves room for JSON is taken', async () => {
  const status = async (accept: string): Promise<number> =>
    (await app.call('GET', '/v1/text/get/100', { token, headers: { accept } })).status;
  for (const accept of [
    '*/*',
    'application/*',
    'application/json;q=0.1',
    'text/html, application/json',
    'text/html,*/*;q=0.1',
    'application/problem+json',
    'APPLICATION/JSON',
    '',
  ]) {
    assert.is(await status(accept), 200, accept);
  }
  for (const accept of [
    'text/html',
    'application/xml',
    'application/json;q=0',
    '*/*, application/json;q=0',
    'text/*',
    '*',
  ]) {
    assert.is(await status(accept), 406, accept);
  }
  // What has no body suits everybody.
  const made = await app.call('POST', `/v1/workspaces/${workspace}/upstreams`, {
    token,
    json: { name: 'accepted', servers: [{ address: '10.0.0.1:80' }] },
  });
  const path = `/v1/upstreams/${made.json.id}`;
  assert.is((await app.call('DELETE', path, { token, headers: { accept: 'text/html' } })).status, 204);
});

test('errors as RFC 9457 has them, for who names the type', async () => {
  const answer = await app.call('GET', '/v1/organizations?nope=1', {
    token,
    headers: { accept: 'application/problem+json, application/json' },
  });
  assert.is(answer.headers['content-type'], 'application/problem+json');
  assert.equal(answer.json, {
    type: 'urn:nxmesh:error:VALIDATION_ERROR',
    title: 'Request validation failed',
    status: 422,
    detail: 'Request validation failed',
    instance: `urn:nxmesh:request:${String(answer.headers['x-request-id'])}`,
    code: 'VALIDATION_ERROR',
    request_id: answer.headers['x-request-id'],
    errors: [{ field: 'nope', message: 'Unknown field', code: 'UNKNOWN_FIELD' }],
  });
  const headers = { accept: 'application/problem+json' };
  assert.is((await app.call('GET', '/api/v1/nothing', { headers })).json.code, 'RESOURCE_NOT_FOUND');
  const plain = await app.call('GET', '/v1/nothing', { headers: { accept: 'application/json' } });
  assert.match(String(plain.headers['content-type']), /^application\/json/);
  assert.equal(Object.keys(plain.json), ['error']);
});

test('traceparent: a good one is continued in the answer, the log and the request id; a bad one is ignored', async () => {
  const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
  const before = app.lines.length;
  const answer = await app.call('GET', '/v1/organizations', {
    token,
    headers: { traceparent: `00-${trace}-00f067aa0ba902b7-01` },
  });
  const continued = String(answer.headers['traceparent']);
  assert.match(continued, new RegExp(`^00-${trace}-[0-9a-f]{16}-01$`));
  assert.not.match(continued, '00f067aa0ba902b7');
  assert.is(answer.headers['x-request-id'], trace);
  assert.match(app.lines.slice(before).join(''), `"trace_id":"${trace}"`);
  const named = await app.call('GET', '/v1/organizations', {
    token,
    headers: { traceparent: `00-${trace}-00f067aa0ba902b7-00`, 'x-request-id': 'mine' },
  });
  assert.is(named.headers['x-request-id'], 'mine');
  for (const bad of [
    `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`,
    `00-${trace}-${'0'.repeat(16)}-01`,
    `ff-${trace}-00f067aa0ba902b7-01`,
    `00-${trace}-00f067aa0ba902b7-01-more`,
    `00-${trace.toUpperCase()}-00f067aa0ba902b7-01`,
    'x',
  ]) {
    const ignored = await app.call('GET', '/v1/organizations', { token, headers: { traceparent: bad } });
    assert.is(ignored.status, 200);
    assert.is(ignored.headers['traceparent'], undefined, bad);
  }
});

test('Prefer: what is understood counts, in any order and case; the rest does not', () => {
  assert.equal(preferOf(undefined), { respondAsync: false, waitMs: undefined });
  assert.equal(preferOf('Respond-Async, wait=5'), { respondAsync: true, waitMs: 5000 });
  assert.equal(preferOf('return=minimal, wait = "2"'), { respondAsync: false, waitMs: 2000 });
  assert.equal(preferOf('wait=9999'), { respondAsync: false, waitMs: 30_000 });
  assert.equal(preferOf('wait=-1, wait=1e9, respond-asyncx'), { respondAsync: false, waitMs: undefined });
});

test.run();
