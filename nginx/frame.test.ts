// SPDX-License-Identifier: Apache-2.0
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type FrameInput, LOG_FIELDS, renderFrame } from './index.js';
import { installed } from './nginx.harness.js';
import { parseConfig } from './parse.js';

const input = (more: Partial<FrameInput> = {}): FrameInput => ({
  mode: 'own',
  capabilities: installed,
  digest: 'd'.repeat(64),
  version: 42,
  paths: {
    pid: '/state/nginx.pid',
    errorLog: '/state/error.log',
    proofSocket: '/state/proof.sock',
    tempDir: '/state/temp',
  },
  files: ['/state/bundle/http.conf', '/state/bundle/vhosts/a b.conf'],
  ...more,
});
const withPath = (name: keyof FrameInput['paths'], path: string): FrameInput =>
  input({ paths: { ...input().paths, [name]: path } });

test('an own frame is the whole nginx.conf, the files included in order', () => {
  const tree = parseConfig(
    renderFrame(input({ worker: { processes: 2, connections: 256, shutdownTimeout: 30 } })),
  );
  assert.equal(
    tree.map(({ name, args }) => [name, ...args]),
    [
      ['worker_processes', '2'],
      ['worker_shutdown_timeout', '30s'],
      ['pid', '/state/nginx.pid'],
      ['error_log', '/state/error.log', 'notice'],
      ['events'],
      ['http'],
    ],
  );
  const http = tree.find(({ name }) => name === 'http')?.block ?? [];
  assert.equal(
    http.filter(({ name }) => name === 'include').map(({ args }) => args[0]),
    ['/state/bundle/http.conf', '/state/bundle/vhosts/a b.conf'],
  );
  assert.equal(http.find(({ name }) => name === 'access_log')?.args, ['off']);
  assert.is(http.filter(({ name }) => name.endsWith('_temp_path')).length, 5);
});

test('an access log is one JSON object a line, buffered, in both modes; our own questions are never in it', () => {
  for (const mode of ['own', 'attach'] as const) {
    const paths = { ...input().paths, accessLog: '/state/access.log' };
    const tree = parseConfig(renderFrame(input({ mode, paths })));
    const http = mode === 'own' ? (tree.find(({ name }) => name === 'http')?.block ?? []) : tree;
    assert.equal(http.find(({ name }) => name === 'access_log')?.args, [
      '/state/access.log',
      'nxmesh_access',
      'buffer=32k',
      'flush=1s',
    ]);
    const [name, escaping, format = ''] = http.find((one) => one.name === 'log_format')?.args ?? [];
    assert.equal([name, escaping], ['nxmesh_access', 'escape=json']);
    const filled = JSON.parse(format.replace(/\$\w+/g, (variable) => variable.slice(1))) as object;
    assert.equal(filled, LOG_FIELDS);
    const proof = http.find(({ name: one }) => one === 'server')?.block ?? [];
    for (const { block } of proof.filter((one) => one.name === 'location')) {
      assert.equal(block?.find((one) => one.name === 'access_log')?.args, ['off']);
    }
  }
});

test('an attached frame leaves the process alone', () => {
  const tree = parseConfig(renderFrame(input({ mode: 'attach' })));
  assert.equal(
    tree.map(({ name }) => name),
    ['include', 'include', 'server'],
  );
});

test('the status is there where the module is', () => {
  assert.match(renderFrame(input()), 'stub_status');
  assert.not.match(renderFrame(input({ capabilities: { ...installed, modules: [] } })), 'stub_status');
});

test('a path that nginx would read differently is refused', () => {
  for (const path of [
    'relative',
    '/a/../b',
    '/a\nb',
    '/a/*.conf',
    '/a?',
    '/a[1]',
    '/a/$host',
    `/${'x'.repeat(4000)}`,
  ]) {
    assert.throws(() => renderFrame(withPath('pid', path)), JSON.stringify(path));
    assert.throws(() => renderFrame(input({ files: [path] })), JSON.stringify(path));
  }
  assert.throws(() => renderFrame(withPath('proofSocket', `/${'x'.repeat(107)}`)), /107 bytes/);
  renderFrame(withPath('proofSocket', `/${'x'.repeat(106)}`));
  assert.throws(() => renderFrame(withPath('accessLog', 'syslog:server=10.0.0.1')));
  assert.throws(() => renderFrame(withPath('accessLog', '|/bin/sh')));
});

test('quotes and braces in a path stay in the path', () => {
  const odd = '/state/a"; } include "/etc/shadow";{.conf';
  const http = parseConfig(renderFrame(input({ files: [odd] }))).find(({ name }) => name === 'http');
  assert.equal(
    http?.block?.filter(({ name }) => name === 'include').map(({ args }) => args),
    [[odd]],
  );
});

test.run();
