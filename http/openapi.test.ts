// SPDX-License-Identifier: Apache-2.0
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ERRORS } from '../kernel/index.js';
import { startApp } from './http.harness.js';
import { openApi } from './openapi.js';
import { policyOf } from './policy.js';
import { errorsOf } from './route.js';
import { sampleRoutes } from './sample-routes.harness.js';

const { routes } = sampleRoutes();
// The shape of the document in general: a test reads it as any client would.
// biome-ignore lint/suspicious/noExplicitAny: see above
const document = JSON.parse(JSON.stringify(openApi(routes, '1.2.3'))) as any;

function references(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) {
    return [];
  }
  return Object.entries(value).flatMap(([key, part]) => (key === '$ref' ? [String(part)] : references(part)));
}

test('every route stands in it once, with its own answers and errors', () => {
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods as Record<string, { operationId: string }>).map(
      ([method, operation]) => `${method.toUpperCase()} ${path} ${operation.operationId}`,
    ),
  );
  assert.equal(
    operations.sort(),
    routes.map((route) => `${route.method} ${route.path} ${route.operationId}`).sort(),
  );
  for (const route of routes) {
    const operation = document.paths[route.path][route.method.toLowerCase()];
    const statuses = [route.success.status, ...errorsOf(route).map((code) => ERRORS[code].status)];
    assert.equal(Object.keys(operation.responses).sort(), [...new Set(statuses.map(String))].sort());
    const schemes = operation.security.flatMap((one: object) => Object.keys(one));
    const forKeys = route.permission !== 'public' && policyOf(route.permission)?.[1] !== undefined;
    assert.equal(schemes, route.permission === 'public' ? [] : forKeys ? ['bearer', 'apiKey'] : ['bearer']);
    const inPath = [...route.path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
    assert.equal(
      operation.parameters
        .filter((one: { in: string }) => one.in === 'path')
        .map((one: { name: string }) => one.name),
      inPath,
    );
  }
});

test('every reference resolves, no component is unused, and each compiles as a JSON Schema', () => {
  const found = references(document);
  assert.ok(found.length > 10);
  const kinds = ['schemas', 'headers', 'responses'];
  const there = kinds.flatMap((kind) =>
    Object.keys(document.components[kind]).map((name) => `#/components/${kind}/${name}`),
  );
  assert.equal([...new Set(found)].sort(), there.sort());
  const names = Object.keys(document.components.schemas);
  const ajv = new Ajv2020({ strict: true, strictTypes: false });
  addFormats.default(ajv);
  ajv.addVocabulary(['openapi', 'info', 'servers', 'security', 'tags', 'paths', 'components']);
  ajv.addSchema({ ...document, $id: 'api' });
  for (const name of names) {
    assert.type(ajv.getSchema(`api#/components/schemas/${name}`), 'function', name);
  }
});

test('the same routes give the same document to the byte, and it is served', async () => {
  assert.is(JSON.stringify(openApi(routes, '1.2.3')), JSON.stringify(document));
  const app = await startApp(routes);
  const answer = await app.call('GET', '/openapi.json');
  assert.is(answer.status, 200);
  const own = ['/openapi.json', '/v1/openapi.json', '/docs', '/redoc', '/docs/{file}'];
  for (const path of own) {
    assert.ok(answer.json.paths[path], path);
    delete answer.json.paths[path];
  }
  assert.equal(answer.json.paths, document.paths);
  assert.is((await app.call('GET', '/v1/openapi.json')).text, answer.text);
  const known = { 'if-none-match': String(answer.headers.etag) };
  assert.is((await app.call('GET', '/openapi.json', { headers: known })).status, 304);
  assert.is(answer.json.openapi, '3.1.0');
  await app.close();
});

test.run();
