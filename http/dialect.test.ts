// SPDX-License-Identifier: Apache-2.0
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { closed, Type, Uuid } from '../schemas/index.js';
import { dialectOf } from './dialect.js';
import { newId, startApp, type TestApp } from './http.harness.js';
import { openApi } from './openapi.js';
import { pageAnswer, pageOf, pagingQuery, windowOf } from './pagination.js';
import { platformRoutes } from './platform.js';
import { type Route, route } from './route.js';
import { sampleRoutes } from './sample-routes.harness.js';

const samples = sampleRoutes();
const [organization, workspace] = [newId(), newId()];
samples.workspaces.set(workspace, organization);

const lister = route({
  method: 'GET',
  path: '/v1/things',
  operationId: 'listThings',
  summary: 'Three things',
  tag: 'things',
  permission: 'organization.list',
  query: closed(pagingQuery),
  success: { status: 200, schema: pageOf(closed({ name: Type.String() })) },
  handler: (request) => {
    const window = windowOf(request.query);
    const items = ['a', 'b', 'c'].map((name) => ({ name }));
    return pageAnswer(request, window, {
      items: items.slice(window.offset, window.offset + window.perPage),
      total: items.length,
    });
  },
});

const TABLE = {
  createUpstream: { method: 'POST', path: '/api/v1/workspaces/{workspace_id}/upstreams' },
  getUpstream: { method: 'GET', path: '/api/v1/upstreams/{upstream_id}' },
  updateUpstream: { method: 'PUT', path: '/api/v1/upstreams/{upstream_id}' },
  deleteUpstream: { method: 'DELETE', path: '/api/v1/upstreams/{upstream_id}' },
  getFault: { method: 'GET', path: '/api/v1/fault' },
  listThings: { method: 'GET', path: '/api/v1/things' },
  notHere: { method: 'GET', path: '/api/v1/not-here' },
} as const;

const ours: Route[] = [...samples.routes, lister];
const routes = [...ours, ...platformRoutes(ours, TABLE)];
let app: TestApp;
let token: string;

test.before(async () => {
  app = await startApp(routes);
  token = (await app.user({ [organization]: 'editor' })).token;
});
test.after(() => app.close());

type Answer = Awaited<ReturnType<TestApp['call']>>;

function isEnvelope(answer: Answer): void {
  assert.equal(Object.keys(answer.json), ['success', 'data', 'message', 'timestamp', 'request_id']);
  assert.is(answer.json.success, true);
  assert.is(answer.json.request_id, answer.headers['x-request-id']);
  assert.ok(Math.abs(Date.parse(answer.json.timestamp) - Date.now()) < 60_000);
}

function isRefusal(answer: Answer, status: number, code: string): void {
  assert.is(answer.status, status, answer.text);
  assert.equal(Object.keys(answer.json), ['success', 'error', 'timestamp', 'request_id']);
  assert.is(answer.json.success, false);
  assert.is(answer.json.error.code, code);
  assert.is(answer.json.request_id, answer.headers['x-request-id']);
}

test('the API is known from the path alone', () => {
  for (const path of ['/api/v1', '/api/v1/', '/api/v1/users']) {
    assert.is(dialectOf(path), 'platform', path);
  }
  for (const path of ['/', '/v1/users', '/api/v10/users', '/api', '/x/api/v1/users', '/openapi.json']) {
    assert.is(dialectOf(path), 'nxmesh', path);
  }
});

test('one handler, two shapes: create, read, change by PUT, delete', async () => {
  const created = await app.call('POST', `/api/v1/workspaces/${workspace}/upstreams`, {
    token,
    json: { name: 'twin', servers: [{ address: '10.0.0.1:80' }] },
  });
  assert.is(created.status, 201, created.text);
  isEnvelope(created);
  const { id } = created.json.data as { id: string };
  assert.equal((await app.call('GET', `/v1/upstreams/${id}`, { token })).json, { id, name: 'twin' });

  const path = `/api/v1/upstreams/${id}`;
  const read = await app.call('GET', path, { token });
  isEnvelope(read);
  assert.equal(read.json.data, { id, name: 'twin' });
  // The time in the envelope is another one each time, so the tag is weak; it is taken back in both fields.
  assert.is(read.headers.etag, 'W/"7"');
  const again = await app.call('GET', path, { token, headers: { 'if-none-match': 'W/"7"' } });
  assert.is(again.status, 304);

  const put = (tag: string) =>
    app.call('PUT', path, { token, json: { name: 'changed' }, headers: { 'if-match': tag } });
  isRefusal(await put('W/"6"'), 412, 'PRECONDITION_FAILED');
  const changed = await put('W/"7"');
  isEnvelope(changed);
  assert.equal(changed.json.data, { id, name: 'changed' });
  isRefusal(await app.call('PATCH', path, { token, json: { name: 'x' } }), 405, 'METHOD_NOT_ALLOWED');

  const deleted = await app.call('DELETE', path, { token });
  assert.is(deleted.status, 200);
  isEnvelope(deleted);
  assert.is(deleted.json.data, null);
});

test('a list: items with what is before and behind them, by `limit` or `per_page`', async () => {
  const page = async (query: string): Promise<unknown> => {
    const answer = await app.call('GET', `/api/v1/things${query}`, { token });
    assert.is(answer.status, 200, answer.text);
    isEnvelope(answer);
    return answer.json.data;
  };
  const shared = { total: 3, per_page: 2, pages: 2 };
  assert.equal(await page('?limit=2'), {
    ...shared,
    items: [{ name: 'a' }, { name: 'b' }],
    page: 1,
    has_next: true,
    has_prev: false,
  });
  assert.equal(await page('?page=2&per_page=2'), {
    ...shared,
    items: [{ name: 'c' }],
    page: 2,
    has_next: false,
    has_prev: true,
  });
  const { headers } = await app.call('GET', '/api/v1/things?limit=2', { token });
  assert.match(String(headers.link), '</api/v1/things?per_page=2&page=2>; rel="next"');
  isRefusal(await app.call('GET', '/api/v1/things?limit=101', { token }), 422, 'VALIDATION_ERROR');
});

test('refusals have the codes of the platform, also where no route is', async () => {
  const path = `/api/v1/workspaces/${workspace}/upstreams`;
  isRefusal(await app.call('POST', path), 401, 'AUTHENTICATION_FAILED');
  isRefusal(await app.call('POST', path, { token: 'x' }), 401, 'AUTHENTICATION_FAILED');
  const viewer = await app.user({ [organization]: 'viewer' });
  const json = { name: 'again', servers: [{ address: '10.0.0.1:80' }] };
  isRefusal(await app.call('POST', path, { token: viewer.token, json }), 403, 'AUTHORIZATION_DENIED');
  isRefusal(await app.call('GET', `/api/v1/upstreams/${newId()}`, { token }), 404, 'RESOURCE_NOT_FOUND');
  isRefusal(await app.call('GET', '/api/v1/nothing', { token }), 404, 'RESOURCE_NOT_FOUND');
  isRefusal(await app.call('GET', '/api/v1', { token }), 404, 'RESOURCE_NOT_FOUND');
  isRefusal(await app.call('DELETE', '/api/v1/things', { token }), 405, 'METHOD_NOT_ALLOWED');
  await app.call('POST', path, { token, json });
  isRefusal(await app.call('POST', path, { token, json }), 409, 'RESOURCE_CONFLICT');
  isRefusal(
    await app.call('POST', path, { token, body: '{', headers: { 'content-type': 'application/json' } }),
    400,
    'VALIDATION_ERROR',
  );
  samples.fault.next = new Error('canary');
  isRefusal(await app.call('GET', '/api/v1/fault'), 500, 'INTERNAL_ERROR');
  const twice = await app.raw(
    'GET /api/v1/things HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n',
  );
  assert.match(twice, '"success":false');
  const unparsed = await app.raw('GET /api/v1/things HTTP/1.1\r\nHost: a\r\nX : a\r\n\r\n', true);
  assert.match(unparsed, /^HTTP\/1\.1 400 /);
  assert.match(unparsed, '"success":false,"error":{"code":"VALIDATION_ERROR"');
});

test('what is wrong with a body: the first fault as the platform says it, and all of them', async () => {
  const answer = await app.call('POST', `/api/v1/workspaces/${workspace}/upstreams`, {
    token,
    json: { name: 'Bad Name', servers: [], id: newId() },
  });
  isRefusal(answer, 422, 'VALIDATION_ERROR');
  const { details } = answer.json.error;
  assert.equal(Object.keys(details), ['field', 'reason', 'errors']);
  assert.is(details.field, details.errors[0].field);
  assert.equal(details.errors.map((one: { field: string }) => one.field).sort(), ['id', 'name']);
});

test('too many requests: seconds to wait stand in the error', async () => {
  const few = await startApp(routes, { rateLimit: { limit: 1, windowMs: 60_000 } });
  const user = await few.user();
  await few.call('GET', '/api/v1/things', { token: user.token });
  const answer = await few.call('GET', '/api/v1/things', { token: user.token });
  isRefusal(answer, 429, 'RATE_LIMIT_EXCEEDED');
  assert.is(answer.json.error.retry_after, Number(answer.headers['retry-after']));
  await few.close();
});

test('the description has both: operations of their own, the envelope around the same schemas', () => {
  // biome-ignore lint/suspicious/noExplicitAny: read as any client would
  const document = openApi(routes, '1') as any;
  const operation = document.paths['/api/v1/upstreams/{upstream_id}'].put;
  assert.is(operation.operationId, 'platformUpdateUpstream');
  const answer = operation.responses['200'].content['application/json'].schema;
  assert.equal(answer.required, ['success', 'data', 'message', 'timestamp', 'request_id']);
  assert.equal(Object.keys(answer.properties.data.properties), ['id', 'name']);
  const [, , kind, name] = operation.responses['404'].$ref.split('/');
  assert.equal(document.components[kind][name].content['application/json'].schema, {
    $ref: '#/components/schemas/PlatformError',
  });
  assert.is(document.paths['/api/v1/not-here'], undefined);
  assert.equal(Object.keys(document.paths['/api/v1/upstreams/{upstream_id}'].delete.responses)[0], '200');
  assert.ok(Uuid);
});

test.run();
