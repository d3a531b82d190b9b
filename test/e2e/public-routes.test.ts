// SPDX-License-Identifier: Apache-2.0
/**
 * Who is not signed in gets in nowhere but at the published list: every route of the table that the running program
 * has, with every method, as a plain request and as an upgrade. A new public route is added to the list on purpose.
 */
import { readFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { PLATFORM } from '../../http/platform.js';
import { folder } from '../harness/folder.js';
import { type ControlPlane, controlPlane } from '../harness/nxmesh.js';

const LIST = join(import.meta.dirname, '..', '..', '..', 'test', 'corpus', 'public-routes.json');
const { public: PUBLIC, loopback: LOCAL } = JSON.parse(readFileSync(LIST, 'utf8')) as Record<
  'public' | 'loopback',
  string[]
>;
const PUBLISHED = [...PUBLIC, ...LOCAL];
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND'];
const UPGRADE = { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13' };

const data = folder('public-routes');
let plane: ControlPlane;
let operations: { method: string; path: string; permission: string }[];

test.before(async () => {
  // Every refusal counts for this network.
  plane = await controlPlane(data.path, { env: { NXMESH_RATE_LIMIT_NETWORK: '1000000' } });
  const document = await plane.api.ok('GET', '/openapi.json');
  operations = Object.entries(
    document.paths as Record<string, Record<string, Record<string, string>>>,
  ).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      method: method.toUpperCase(),
      path,
      permission: operation['x-permission'] ?? '',
    })),
  );
});

test.after(async () => {
  await plane.process.end();
  data.remove();
});

function call(method: string, pattern: string, headers: Record<string, string> = {}): Promise<number> {
  const path = pattern.replaceAll(/\{[a-z_]+\}/g, '770e8400-e29b-41d4-a716-446655440002');
  return new Promise((resolve, reject) => {
    const request = httpRequest(`${plane.url}${path}`, { method, headers, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    request.on('upgrade', (response, socket) => {
      socket.destroy();
      resolve(response.statusCode ?? 101);
    });
    request.on('error', reject);
    request.end();
  });
}

test('the public routes are exactly those that are published', () => {
  const open = operations.filter(({ permission }) => permission === 'public');
  assert.equal(open.map(({ method, path }) => `${method} ${path}`).sort(), [...PUBLIC].sort());
});

test('every row of the platform names an operation that is there', () => {
  for (const [operation, { method, path }] of Object.entries(PLATFORM)) {
    const found = operations.some((one) => one.method === method && one.path === path);
    assert.ok(found, `${operation}: ${method} ${path}`);
  }
});

test('what this machine may read without credentials, a proxy on it may not', async () => {
  for (const one of LOCAL) {
    const [method = '', path = ''] = one.split(' ');
    assert.is(await call(method, path), 200, one);
    assert.is(await call(method, path, { 'x-forwarded-for': '192.0.2.1' }), 401, one);
  }
});

test('without credentials every other route is 401, and no method or upgrade of any path gets in', async () => {
  assert.ok(operations.length > 30, `only ${operations.length} routes`);
  const isOpen = (method: string, path: string): boolean =>
    PUBLISHED.includes(`${method === 'HEAD' ? 'GET' : method} ${path}`);
  for (const { method, path } of operations.filter((one) => !isOpen(one.method, one.path))) {
    assert.is(await call(method, path), 401, `${method} ${path}`);
    assert.is(await call(method, path, { authorization: 'Bearer x' }), 401, `${method} ${path}`);
  }
  for (const path of new Set(operations.map((one) => one.path))) {
    for (const method of METHODS.filter((one) => !isOpen(one, path))) {
      const status = await call(method, path);
      assert.ok(
        status === 401 || status === 405 || (method === 'OPTIONS' && status === 204),
        `${method} ${path} ${status}`,
      );
    }
    if (!isOpen('GET', path)) {
      const status = await call('GET', path, UPGRADE);
      assert.ok(status === 401 || status === 405, `upgrade of ${path}: ${status}`);
    }
  }
});

test.run();
