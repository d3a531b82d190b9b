// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { sha256 } from '../kernel/index.js';
import { startApp, type TestApp } from './http.harness.js';
import { type PageManifest, pageRoutes } from './pages.js';

const folder = join(import.meta.dirname, '..', 'pages');
const manifest = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')) as PageManifest;
let app: TestApp;

test.before(async () => {
  app = await startApp([]);
});
test.after(() => app.close());

test('the pages name nothing that is not served here, and no script stands in them', async () => {
  for (const path of ['/docs', '/redoc']) {
    const page = await app.call('GET', path);
    assert.is(page.status, 200);
    assert.match(String(page.headers['content-type']), 'text/html');
    const policy = String(page.headers['content-security-policy']);
    assert.match(policy, "default-src 'none'; script-src 'self';");
    assert.not.match(policy, /https?:|\*|unsafe-eval|script-src[^;]*unsafe/);
    assert.not.match(page.text, /https?:/);
    assert.not.match(page.text, /<script(?! src="\/docs\/[a-z.-]+")/);
    const named = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1] ?? '');
    assert.ok(named.length >= 3);
    for (const file of named) {
      assert.is((await app.call('GET', file)).status, 200, file);
    }
  }
});

test('the files are those of the build, with their types and a tag', async () => {
  for (const [name, { type, sha256: digest }] of Object.entries(manifest)) {
    assert.is(sha256(readFileSync(join(folder, name))), digest, name);
    const head = await app.call('HEAD', `/docs/${name}`);
    assert.is(head.headers['content-type'], type);
    assert.is(head.headers['x-content-type-options'], 'nosniff');
    const known = { 'if-none-match': String(head.headers.etag) };
    assert.is((await app.call('GET', `/docs/${name}`, { headers: known })).status, 304);
  }
});

test('B06: nothing but the files of the manifest is ever read', async () => {
  for (const name of [
    'manifest.json',
    '..%2f..%2fetc/passwd',
    '..%2f..%2f..%2fetc%2fpasswd',
    '%2e%2e%2fhttp%2fapp.js',
    '%252e%252e%252fapp.js',
    '..;/app.js',
    '..%5c..%5capp.js',
    '..\\..\\app.js',
    '../http/app.js',
    'swagger-ui.css%00.js',
    'swagger-ui.css/',
    'SWAGGER-UI.CSS',
    './swagger-ui.css',
    '__proto__',
    'constructor',
    '',
  ]) {
    const answer = await app.raw(`GET /docs/${name} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
    assert.match(answer, /^HTTP\/1\.1 404 /, name);
    assert.not.match(answer, /root:|httpApp/);
  }
});

test('without a build of the pages there are none', () => {
  assert.equal(pageRoutes(join(folder, 'nowhere')), []);
});

test.run();
