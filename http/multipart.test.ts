// SPDX-License-Identifier: Apache-2.0
/** Forms as clients send them, and as nobody should. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { closed, Type } from '../schemas/index.js';
import { startApp } from './http.harness.js';
import { route } from './route.js';

let calls = 0;
const upload = route({
  method: 'POST',
  path: '/upload',
  operationId: 'upload',
  summary: 'Gives back what it got',
  tag: 'meta',
  permission: 'public',
  body: closed({
    domain: Type.String({ maxLength: 20 }),
    pem: Type.Optional(Type.String()),
    key: Type.Optional(Type.String()),
    renew: Type.Optional(Type.Boolean()),
  }),
  multipart: {
    domain: { field: 'domain', maxBytes: 50 },
    renew: { field: 'renew', maxBytes: 5, boolean: true },
    certificate: { field: 'pem', maxBytes: 1000, file: true },
    chain: { field: 'pem', maxBytes: 1000, file: true },
    key: { field: 'key', maxBytes: 1000, file: true },
  },
  success: { status: 200 },
  handler: ({ body }) => {
    calls += 1;
    return { body };
  },
});
const app = await startApp([upload], {
  maxBodyBytes: 100_000,
  server: { headersTimeoutMs: 300, requestTimeoutMs: 500 },
});
test.after(() => app.close());

const field = (name: string, value: string, more = ''): string =>
  `--B\r\nContent-Disposition: form-data; name="${name}"${more}\r\n\r\n${value}\r\n`;
const file = (name: string, value: string, filename = 'a.pem', type = 'application/x-pem-file'): string =>
  `--B\r\nContent-Disposition: form-data; name="${name}"; filename="${filename}"\r\nContent-Type: ${type}\r\n\r\n${value}\r\n`;
const TYPE = { 'content-type': 'multipart/form-data; boundary=B' };
const send = (body: string | Buffer, headers: Record<string, string> = TYPE) =>
  app.call('POST', '/upload', { body, headers });
const domain = field('domain', 'a.test');

test('a form is read as the JSON that it stands for', async () => {
  // The chain comes first here, and stands behind its certificate all the same.
  const form = [
    file('chain', 'two'),
    domain,
    file('certificate', 'one'),
    field('key', 'K'),
    field('renew', 'true'),
  ];
  const answer = await send(`preamble\r\n${form.join('')}--B--\r\nepilogue`);
  assert.equal(answer.json, { domain: 'a.test', renew: true, pem: 'one\ntwo', key: 'K' });
  const json = { domain: 'a.test', renew: true };
  assert.equal((await app.call('POST', '/upload', { json })).json, json);
});

test('a form as the platform makes it is read', async () => {
  const form = new FormData();
  form.set('domain', 'b.test');
  form.set('certificate', new Blob(['x'.repeat(999)]), '../../etc/a.html');
  form.set('chain', new Blob([]), '');
  const made = new Response(form);
  const type = made.headers.get('content-type') ?? '';
  const answer = await send(Buffer.from(await made.arrayBuffer()), { 'content-type': type });
  assert.equal(answer.json, { domain: 'b.test', pem: 'x'.repeat(999) });
});

const many = (count: number, one: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => one(index)).join('');
const refusals: [string, string, number, string?][] = [
  ['an unknown part', `${domain}${field('id', '1')}--B--`, 422, 'id UNKNOWN_FIELD'],
  ['an unknown file', `${domain}${file('x', '1')}--B--`, 422, 'x UNKNOWN_FIELD'],
  ['a prototype', `${domain}${field('__proto__', '1')}--B--`, 422, '__proto__ UNKNOWN_FIELD'],
  ['the name in JSON', `${domain}${file('pem', '1')}--B--`, 422, 'pem UNKNOWN_FIELD'],
  [
    'a part without a name',
    `--B\r\nContent-Disposition: form-data\r\n\r\nx\r\n${domain}--B--`,
    422,
    'body UNKNOWN_FIELD',
  ],
  ['a part twice', `${domain}${domain}--B--`, 422, 'domain DUPLICATE'],
  ['a file too long', `${domain}${file('key', 'x'.repeat(1001))}--B--`, 422, 'key TOO_LONG'],
  ['a field too long', `${field('domain', 'x'.repeat(51))}--B--`, 422, 'domain TOO_LONG'],
  ['what the schema refuses', `${field('domain', 'x'.repeat(21))}--B--`, 422, 'domain TOO_LONG'],
  ['a boolean that is none', `${domain}${field('renew', 'yes')}--B--`, 422, 'renew INVALID_TYPE'],
  ['a file that is no text', `${domain}${file('key', '\u00ff')}--B--`, 422, 'key INVALID_FORMAT'],
  ['nothing', '--B--', 422, 'domain REQUIRED'],
  [
    '10,000 parts',
    `${many(10_000, (index) => `--B\r\nX: ${index}\r\n\r\n\r\n`).slice(0, 99_000)}--B--`,
    422,
    'body TOO_LONG',
  ],
  ['a name of 20 kB', `${field('n'.repeat(20_000), 'x')}--B--`, 400],
  ['no final boundary', domain, 400],
  [
    'a file without its end',
    `${domain}--B\r\nContent-Disposition: form-data; name="key"; filename="a"\r\n\r\nx`,
    400,
  ],
  ['a head without its end', `${domain}--B\r\nContent-Disposition: form-data; na`, 400],
  ['a head that is none', `--B\r\n\u0001: x\r\n\r\nx\r\n--B--`, 400],
  ['no form at all', '{"domain":"a.test"}', 400],
  ['more than the limit', `${domain}${many(200, () => `${'x'.repeat(998)}\r\n`)}--B--`, 413],
];
for (const [name, body, status, problem] of refusals) {
  test(`refuses ${name}`, async () => {
    const before = calls;
    const started = performance.now();
    const answer = await send(Buffer.from(body, 'latin1'));
    assert.ok(performance.now() - started < 400, 'at once');
    assert.is(answer.status, status, answer.text);
    if (problem !== undefined) {
      const [one] = answer.json.error.details;
      assert.is(`${one.field} ${one.code}`, problem);
    }
    assert.is(calls, before, 'nobody is asked');
  });
}

test('a form without a boundary, compressed, or where none is taken is refused', async () => {
  const body = `${domain}--B--`;
  assert.is((await send(body, { 'content-type': 'multipart/form-data' })).status, 400);
  assert.is((await send(body, { ...TYPE, 'content-encoding': 'gzip' })).status, 415);
  assert.is((await send(body, { 'content-type': 'multipart/mixed; boundary=B' })).status, 415);
});

test('a body in no hurry is ended by the time that a request has', async () => {
  const head = [
    'POST /upload HTTP/1.1',
    'Host: a',
    'Content-Type: multipart/form-data; boundary=B',
    'Content-Length: 5000',
  ];
  const before = calls;
  const answer = await app.raw(`${head.join('\r\n')}\r\n\r\n${domain}`, true);
  assert.match(answer, 'HTTP/1.1 408');
  assert.is(calls, before);
});

test('a body that breaks off leaves nothing behind', async () => {
  const head = [
    'POST /upload HTTP/1.1',
    'Host: a',
    'Content-Type: multipart/form-data; boundary=B',
    'Content-Length: 5000',
  ];
  const before = calls;
  await app.raw(
    `${head.join('\r\n')}\r\n\r\n${domain}--B\r\nContent-Disposition: form-data; name="key"; filename="a"\r\n\r\nx`,
  );
  assert.is(calls, before);
  assert.is((await send(`${domain}--B--`)).status, 200, 'the next one is read');
});

test('the description of the API has the form', () => {
  const operation = app.app.document.paths['/upload']?.['post'] as {
    requestBody: { content: Record<string, { schema: { properties: Record<string, unknown> } }> };
  };
  const form = operation.requestBody.content['multipart/form-data']?.schema;
  assert.equal(Object.keys(form?.properties ?? {}), ['domain', 'renew', 'certificate', 'chain', 'key']);
});

test.run();
