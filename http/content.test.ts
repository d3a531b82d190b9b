// SPDX-License-Identifier: Apache-2.0
import { connect } from 'node:net';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { deferred } from '../kernel/index.js';
import { until } from '../test/harness/until.js';
import { startApp } from './http.harness.js';
import { type HandlerResult, type Route, route } from './route.js';

const streaming = (handler: (request: { signal: AbortSignal }) => HandlerResult): Route =>
  route({
    method: 'GET',
    path: '/v1/lines',
    operationId: 'getLines',
    summary: 'Lines',
    tag: 'meta',
    permission: 'public',
    success: { status: 200, contentType: 'application/x-ndjson' },
    handler,
  });

const type = 'application/x-ndjson';

test('a source is answered as it comes, a text and bytes at once', async () => {
  async function* lines() {
    yield '{"a":1}\n';
    await Promise.resolve();
    yield Buffer.from('{"a":2}\n');
  }
  const bytes = new Uint8Array(Buffer.from('xxbytesxx')).subarray(2, 7);
  for (const [data, text] of [
    [lines(), '{"a":1}\n{"a":2}\n'],
    ['text', 'text'],
    [bytes, 'bytes'],
  ] as const) {
    const app = await startApp([streaming(() => ({ content: { type, data } }))]);
    const answer = await app.call('GET', '/v1/lines');
    assert.is(answer.status, 200);
    assert.is(answer.headers['content-type'], type);
    assert.is(answer.text, text);
    assert.is(answer.headers['x-content-type-options'], 'nosniff');
    const head = await app.call('HEAD', '/v1/lines');
    assert.is(head.status, 200);
    assert.is(head.text, '');
    await app.close();
  }
});

test('a slow caller holds the source back, and one that goes gives it back', async () => {
  let given = 0;
  const ended = deferred();
  const aborted = deferred();
  const chunk = 'x'.repeat(65_536);
  async function* endless() {
    try {
      for (;;) {
        given += 1;
        yield chunk;
      }
    } finally {
      ended.resolve();
    }
  }
  const app = await startApp([
    streaming(({ signal }) => {
      signal.addEventListener('abort', () => aborted.resolve());
      return { content: { type, data: endless() } };
    }),
  ]);
  const socket = connect(app.server.port, app.server.host, () => {
    socket.write('GET /v1/lines HTTP/1.1\r\nHost: a\r\n\r\n');
  });
  // The head is read, then nothing: the buffers of both sides fill up.
  await new Promise<void>((resolve) => {
    socket.once('data', () => {
      socket.pause();
      resolve();
    });
  });
  let before = -1;
  while (before !== given && given < 400) {
    before = given;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.ok(given < 400, `${given} chunks were made for a caller that reads none`);
  socket.destroy();
  await ended.promise;
  await aborted.promise;
  assert.match(app.lines.join(''), '"aborted":true');
  await app.close();
});

test('who asks for the signal of a caller that has gone already is told at once', async () => {
  const [entered, gone, told] = [deferred(), deferred(), deferred<boolean>()];
  const app = await startApp([
    route({
      method: 'GET',
      path: '/v1/lines',
      operationId: 'getLines',
      summary: 'Lines',
      tag: 'meta',
      permission: 'public',
      success: { status: 200 },
      handler: async (request) => {
        entered.resolve();
        await gone.promise;
        told.resolve(request.signal.aborted);
        return { body: {} };
      },
    }),
  ]);
  const socket = connect(app.server.port, app.server.host, () => {
    socket.write('GET /v1/lines HTTP/1.1\r\nHost: a\r\n\r\n');
  });
  await entered.promise;
  socket.destroy();
  await until('the server has noticed', () => app.lines.join('').includes('"aborted":true'));
  gone.resolve();
  assert.is(await told.promise, true);
  await app.close();
});

test('who takes nothing of an answer for too long is cut off', async () => {
  let ended = false;
  async function* endless() {
    try {
      for (;;) {
        yield 'x'.repeat(65_536);
      }
    } finally {
      ended = true;
    }
  }
  const app = await startApp([streaming(() => ({ content: { type, data: endless() } }))], {
    server: { stalledTimeoutMs: 200 },
  });
  const socket = connect(app.server.port, app.server.host, () => {
    socket.write('GET /v1/lines HTTP/1.1\r\nHost: a\r\n\r\n');
  });
  socket.on('error', () => undefined);
  socket.pause();
  await until('the source is given back', () => ended);
  socket.destroy();
  await app.close();
});

test('a source that fails cuts the connection: nobody takes a part for the whole', async () => {
  async function* failing() {
    yield 'first\n';
    throw new Error('canary-source');
  }
  const app = await startApp([streaming(() => ({ content: { type, data: failing() } }))]);
  const text = await app.raw('GET /v1/lines HTTP/1.1\r\nHost: a\r\n\r\n', true);
  assert.match(text, 'first');
  assert.not.match(text, /\r\n0\r\n/);
  assert.not.match(text, 'canary-source');
  assert.match(app.lines.join(''), 'canary-source');
  await app.close();
});

test.run();
