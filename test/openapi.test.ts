// SPDX-License-Identifier: Apache-2.0
/**
 * The description of the API as it is published: read by tools that are not ours, every example held against its schema,
 * and the collection made from it. `npm run check:generated` holds the files to the routes.
 */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import SwaggerParser from '@apidevtools/swagger-parser';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

const root = join(import.meta.dirname, '..', '..');
const file = join(root, 'docs', 'openapi.json');
// biome-ignore lint/suspicious/noExplicitAny: read as any client would
type Any = any;
const document = JSON.parse(readFileSync(file, 'utf8')) as Any;
const run = promisify(execFile);

const operations: { at: string; operation: Any }[] = Object.entries(document.paths as Any).flatMap(
  ([path, methods]) =>
    Object.entries(methods as Any).map(([method, operation]) => ({
      at: `${method.toUpperCase()} ${path}`,
      operation: operation as Any,
    })),
);

test('a linter of its own finds nothing', async () => {
  const cli = join(dirname(fileURLToPath(import.meta.resolve('@redocly/cli/package.json'))), 'bin', 'cli.js');
  const { stdout, stderr } = await run(
    process.execPath,
    [cli, 'lint', file, '--config', join(root, 'redocly.yaml'), '--format', 'json'],
    {
      env: {
        PATH: process.env['PATH'],
        REDOCLY_TELEMETRY: 'off',
        REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true',
        CI: 'true',
      },
    },
  ).catch((error: { stdout: string; stderr: string }) => error);
  const report = JSON.parse(stdout === '' ? '{}' : stdout) as Any;
  assert.equal(report.problems, [], stderr);
  assert.is(report.totals.errors + report.totals.warnings, 0);
});

test('a parser of its own takes it', async () => {
  const parsed = (await SwaggerParser.validate(structuredClone(document))) as Any;
  assert.is(parsed.openapi, '3.1.0');
});

test('every body and every answer has an example, and each is as its schema says', () => {
  assert.ok(operations.length > 40, `only ${operations.length} operations`);
  const ajv = new Ajv2020({ strict: false });
  addFormats.default(ajv);
  ajv.addSchema({ ...document, $id: 'api' });
  let checked = 0;
  const check = (at: string, content: Any): void => {
    for (const [type, media] of Object.entries((content ?? {}) as Any).filter(([name]) =>
      /[/+]json$/.test(name),
    )) {
      const { schema, example } = media as Any;
      // The description itself.
      if (schema.type === 'object' && !schema.properties) {
        continue;
      }
      assert.is.not(example, undefined, `${at} ${type} has no example`);
      // References are to the document.
      const absolute = JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"api#/'));
      const isValid = ajv.validate(absolute, example);
      assert.ok(isValid, `${at} ${type}: ${ajv.errorsText()} in ${JSON.stringify(example)}`);
      checked += 1;
    }
  };
  for (const { at, operation } of operations) {
    check(`${at} body`, operation.requestBody?.content);
    for (const [status, response] of Object.entries(operation.responses as Any)) {
      check(`${at} ${status}`, (response as Any).content);
    }
  }
  for (const [name, response] of Object.entries(document.components.responses as Any)) {
    check(name, (response as Any).content);
  }
  assert.ok(checked > 100, `only ${checked} examples`);
});

test('the collection has a request for every operation', () => {
  const collection = JSON.parse(readFileSync(join(root, 'docs', 'postman.json'), 'utf8')) as Any;
  assert.match(collection.info.schema, '/v2.1.0/');
  const requests = collection.item.flatMap((folder: Any) => folder.item) as Any[];
  assert.is(requests.length, operations.length);
  const login = requests.find((one) => one.request.url.raw === '{{base_url}}/v1/auth/login');
  assert.equal(JSON.parse(login.request.body.raw), {
    email: 'user@example.com',
    password: 'secure_password',
  });
  assert.is(login.request.auth.type, 'noauth');
  const one = requests.find(({ request }) => request.url.raw === '{{base_url}}/v1/agents/:agent_id');
  assert.equal(one.request.url.variable, [{ key: 'agent_id', value: '' }]);
});

test.run();
