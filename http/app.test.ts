// SPDX-License-Identifier: Apache-2.0
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ERRORS } from '../kernel/index.js';
import { newId, startApp, type TestApp } from './http.harness.js';
import { sampleRoutes } from './sample-routes.harness.js';

const samples = sampleRoutes();
const [home, abroad] = [newId(), newId()];
const [workspace, foreign] = [newId(), newId()];
samples.workspaces.set(workspace, home).set(foreign, abroad);
let app: TestApp;
let editor: string;
let viewer: string;
let admin: string;

test.before(async () => {
  app = await startApp(samples.routes);
  editor = (await app.user({ [home]: 'editor' })).token;
  viewer = (await app.user({ [home]: 'viewer' })).token;
  admin = (await app.user({}, true)).token;
});

test.after(() => app.close());

const SERVERS = [{ address: '10.0.1.30:8080' }];

async function create(name: string): Promise<string> {
  const answer = await app.call('POST', `/v1/workspaces/${workspace}/upstreams`, {
    token: editor,
    json: { name, servers: SERVERS },
  });
  assert.is(answer.status, 201, answer.text);
  return answer.json.id as string;
}

const isError = (answer: Awaited<ReturnType<TestApp['call']>>, code: keyof typeof ERRORS): void => {
  assert.is(answer.status, ERRORS[code].status, answer.text);
  assert.equal(Object.keys(answer.json), ['error']);
  assert.equal(Object.keys(answer.json.error), ['code', 'message', 'request_id', 'details']);
  assert.is(answer.json.error.code, code);
  assert.is(answer.json.error.request_id, answer.headers['x-request-id']);
  assert.match(String(answer.headers['content-type']), /^application\/json/);
};

test('a write: 201 with ETag, position, request id and the harmless headers', async () => {
  const answer = await app.call('POST', `/v1/workspaces/${workspace}/upstreams`, {
    token: editor,
    json: { name: 'first', servers: SERVERS },
    headers: { 'idempotency-key': 'k-1', 'x-request-id': 'req.of_caller-1' },
  });
  assert.is(answer.status, 201);
  assert.is(answer.json.name, 'first');
  assert.is(answer.headers.etag, '"7"');
  assert.is(answer.headers['nxmesh-position'], '41');
  assert.is(answer.headers['x-request-id'], 'req.of_caller-1');
  assert.is(answer.headers['x-content-type-options'], 'nosniff');
  assert.is(answer.headers['x-powered-by'], undefined);
  assert.is(answer.headers['x-ratelimit-limit'], '100000');
  assert.is(samples.seen.idempotencyKey, 'k-1');
});

test('a request id that is not harmless is replaced', async () => {
  for (const given of ['a b', 'x'.repeat(129), 'ümlaut', '{"a":1}']) {
    const answer = await app.call('GET', '/v1/organizations', {
      token: viewer,
      headers: { 'x-request-id': Buffer.from(given).toString('latin1') },
    });
    assert.match(
      String(answer.headers['x-request-id']),
      /^req-[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/,
    );
  }
});

test('a body that the schema refuses names its fields', async () => {
  const answer = await app.call('POST', `/v1/workspaces/${workspace}/upstreams`, {
    token: editor,
    json: { name: 'Bad Name', servers: [{ address: '10.0.0.1:80', weight: 0 }], organization_id: home },
  });
  isError(answer, 'VALIDATION_ERROR');
  assert.equal(
    answer.json.error.details.map((one: { field: string; code: string }) => [one.field, one.code]).sort(),
    [
      ['name', 'INVALID_FORMAT'],
      ['organization_id', 'UNKNOWN_FIELD'],
      ['servers[0].weight', 'OUT_OF_RANGE'],
    ],
  );
});

test('a body that is no object is refused as a whole, also where none is needed', async () => {
  const patched = `/v1/upstreams/${await create('whole')}`;
  for (const [method, path, token] of [
    ['POST', `/v1/workspaces/${workspace}/upstreams`, editor],
    ['PATCH', patched, editor],
    ['DELETE', patched, editor],
    ['POST', '/v1/organizations', admin],
  ] as const) {
    for (const body of ['null', '[]', '"x"', '1', 'true']) {
      const headers = { 'content-type': 'application/json' };
      const answer = await app.call(method, path, { token, headers, body });
      isError(answer, 'VALIDATION_ERROR');
      const [fault] = answer.json.error.details;
      assert.equal([fault.field, fault.code], ['body', 'INVALID_TYPE'], `${method} ${path} ${body}`);
    }
  }
  assert.is((await app.call('GET', patched, { token: editor })).status, 200);
});

test('query: unknown, repeated and wrong parameters are refused, whole numbers arrive as numbers', async () => {
  for (const query of [
    'sort=password_hash',
    'page=1&page=2',
    'page=-1',
    'page=1.5',
    'page=0x10',
    'page=',
    '__proto__=1',
  ]) {
    isError(await app.call('GET', `/v1/organizations?${query}`, { token: viewer }), 'VALIDATION_ERROR');
  }
  assert.equal((await app.call('GET', '/v1/organizations?page=3', { token: viewer })).json, { page: 3 });
});

test('no credentials: 401 with WWW-Authenticate on every route that is not public, before the body is read', async () => {
  for (const route of samples.routes.filter((one) => one.permission !== 'public')) {
    const path = route.path.replaceAll(/\{[a-z_]+\}/g, newId());
    const answer = await app.call(route.method, path, {
      body: '{"broken',
      headers: { 'content-type': 'a/b' },
    });
    isError(answer, 'UNAUTHORIZED');
    assert.is(answer.headers['www-authenticate'], 'Bearer realm="nxmesh"');
  }
});

test('roles: too low is 403, none is 404 as for a random id, an administrator passes', async () => {
  const json = { name: 'roles', servers: SERVERS };
  isError(
    await app.call('POST', `/v1/workspaces/${workspace}/upstreams`, { token: viewer, json }),
    'FORBIDDEN',
  );
  isError(await app.call('POST', '/v1/organizations', { token: editor }), 'FORBIDDEN');
  assert.is((await app.call('POST', '/v1/organizations', { token: admin })).status, 201);
  const answers = await Promise.all(
    [foreign, newId(), 'not-a-uuid', workspace.toUpperCase(), '%2e%2e', '%00', '%ff'].map((id) =>
      app.call('POST', `/v1/workspaces/${id}/upstreams`, {
        token: editor,
        json,
        headers: { 'x-request-id': 'same' },
      }),
    ),
  );
  for (const answer of answers) {
    isError(answer, 'NOT_FOUND');
    assert.is(answer.text, answers[0]?.text);
  }
});

test('a handler that forgets to ask for the permission answers nothing', async () => {
  const answer = await app.call('GET', `/v1/organizations/${home}/forgetful`, { token: viewer });
  isError(answer, 'INTERNAL_ERROR');
  assert.not.match(answer.text, 'leaked');
});

test('ETag: 304 when the caller has it, also for a weak tag and in a list; a HEAD has the same headers', async () => {
  const path = `/v1/upstreams/${await create('etag')}`;
  for (const tag of ['"7"', 'W/"7"', '"1", "7"', '*']) {
    const answer = await app.call('GET', path, { token: viewer, headers: { 'if-none-match': tag } });
    assert.is(answer.status, 304, tag);
    assert.is(answer.text, '');
    assert.is(answer.headers.etag, '"7"');
  }
  const full = await app.call('GET', path, { token: viewer, headers: { 'if-none-match': '"8"' } });
  assert.is(full.status, 200);
  const head = await app.call('HEAD', path, { token: viewer });
  assert.is(head.status, 200);
  assert.is(head.text, '');
  assert.is(head.headers['content-length'], full.headers['content-length']);
  assert.is(head.headers.etag, '"7"');
});

test('If-Match: another revision, a weak tag and a strange tag are 412, garbage is 400, a match goes through', async () => {
  const path = `/v1/upstreams/${await create('precondition')}`;
  const patch = (tag: string) =>
    app.call('PATCH', path, { token: editor, json: { name: 'changed' }, headers: { 'if-match': tag } });
  for (const tag of ['"6"', 'W/"7"', '"abc"', '"1", "2"', '"07"']) {
    isError(await patch(tag), 'PRECONDITION_FAILED');
  }
  for (const tag of ['7', '"7', 'w/"7"', '"1""7"', ',']) {
    isError(await patch(tag), 'BAD_REQUEST');
  }
  const changed = await patch('"3", "7"');
  assert.is(changed.status, 200);
  assert.is(changed.headers.etag, '"8"');
  assert.is((await patch('*')).headers.etag, '"9"');
});

test('PATCH takes a merge patch, POST does not', async () => {
  const path = `/v1/upstreams/${await create('merge')}`;
  const options = {
    token: editor,
    body: '{"name":"merged"}',
    headers: { 'content-type': 'application/merge-patch+json; charset=UTF-8' },
  };
  assert.is((await app.call('PATCH', path, options)).status, 200);
  isError(await app.call('POST', `/v1/workspaces/${workspace}/upstreams`, options), 'UNSUPPORTED_MEDIA_TYPE');
});

test('204 has no body; deleting again is 404', async () => {
  const path = `/v1/upstreams/${await create('gone')}`;
  const answer = await app.call('DELETE', path, { token: editor });
  assert.is(answer.status, 204);
  assert.is(answer.text, '');
  assert.is(answer.headers['nxmesh-position'], '42');
  isError(await app.call('DELETE', path, { token: editor }), 'NOT_FOUND');
});

test('405 names the methods, OPTIONS too, unknown paths are 404', async () => {
  const answer = await app.call('PUT', `/v1/upstreams/${newId()}`);
  isError(answer, 'METHOD_NOT_ALLOWED');
  assert.is(answer.headers.allow, 'GET, HEAD, PATCH, DELETE, OPTIONS');
  const options = await app.call('OPTIONS', '/v1/organizations');
  assert.is(options.status, 204);
  assert.is(options.headers.allow, 'GET, HEAD, POST, OPTIONS');
  for (const path of [
    '/',
    '/v1',
    '/v1/organizations/',
    '/V1/organizations',
    '/v1/nothing',
    '//v1/organizations',
  ]) {
    isError(await app.call('GET', path, { token: viewer }), 'NOT_FOUND');
  }
});

test('a conflict and a refusal of the domain come as they are thrown', async () => {
  await create('twice');
  const post = (json: unknown) =>
    app.call('POST', `/v1/workspaces/${workspace}/upstreams`, { token: editor, json });
  isError(await post({ name: 'twice', servers: SERVERS }), 'CONFLICT');
  const refused = await post({ name: 'empty', servers: [] });
  isError(refused, 'VALIDATION_ERROR');
  assert.is(refused.json.error.details[0].field, 'servers');
});

test('what is not expected is 500 with nothing of it in the answer and the stack in the log', async () => {
  for (const thrown of [new Error('canary-5d1f at /etc/secret'), 'canary-5d1f', null]) {
    samples.fault.next = thrown ?? undefined;
    const before = app.lines.length;
    const answer = await app.call('GET', '/v1/fault');
    if (thrown === null) {
      isError(answer, 'SERVICE_UNAVAILABLE');
      assert.is(answer.headers['retry-after'], '1');
      continue;
    }
    isError(answer, 'INTERNAL_ERROR');
    assert.not.match(answer.text + JSON.stringify(answer.headers), 'canary');
    assert.match(app.lines.slice(before).join(''), 'canary-5d1f');
  }
});

test.run();
