// SPDX-License-Identifier: Apache-2.0
/** What can be wrong at the start is said by name, with an exit code, and nothing is made that was not there. */
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { folder } from '../harness/folder.js';
import { controlPlane } from '../harness/nxmesh.js';
import { start } from '../harness/process.js';

const BIN = join(import.meta.dirname, '..', '..', '..', 'bin', 'nxmesh');
const place = folder('start');
test.after(() => place.remove());

async function failing(args: readonly string[]): Promise<string> {
  const running = start(BIN, args);
  assert.is(await running.exited, 1, running.output());
  return running.output();
}

const serve = (dataDir: string, ...more: string[]) => [
  'serve',
  '--data-dir',
  dataDir,
  '--http-listen',
  '127.0.0.1:0',
  '--grpc-listen',
  '127.0.0.1:0',
  ...more,
];

test('every bad setting is named at once', async () => {
  const said = await failing(
    serve(
      join(place.path, 'a'),
      '--http-listen',
      'nowhere',
      '--admin-email',
      'x',
      '--admin-password',
      'short',
    ),
  );
  for (const name of ['http-listen', 'admin-email', 'admin-password']) {
    assert.match(said, name);
  }
  assert.not.ok(said.includes('short'), 'shows the password');
  assert.not.ok(existsSync(join(place.path, 'a')));
});

test('a second process on the same folder is refused, the first goes on', async () => {
  const dataDir = join(place.path, 'b');
  const first = await controlPlane(dataDir);
  assert.match(await failing(serve(dataDir)), /SECOND_PROCESS|another process|in use/i);
  assert.is((await fetch(`${first.url}/readyz`)).status, 200);
  await first.process.end();
});

test('a port that is taken is named', async () => {
  const holder = createServer();
  await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve));
  const port = (holder.address() as { port: number }).port;
  assert.match(
    await failing(serve(join(place.path, 'c'), '--http-listen', `127.0.0.1:${port}`)),
    'EADDRINUSE',
  );
  holder.close();
});

test('a file that is not a log is refused and left as it is', async () => {
  const dataDir = join(place.path, 'd');
  mkdirSync(dataDir, { mode: 0o700 });
  writeFileSync(join(dataDir, 'events.db'), 'not a database at all, but a letter to a friend');
  assert.match(await failing(serve(dataDir)), /not an event log/);
});

test('a master key that others may read is refused', async () => {
  const dataDir = join(place.path, 'e');
  mkdirSync(dataDir, { mode: 0o700 });
  writeFileSync(join(dataDir, 'master.key'), Buffer.alloc(32, 7));
  chmodSync(join(dataDir, 'master.key'), 0o644);
  assert.match(await failing(serve(dataDir)), 'master.key');
});

test('an agent says what is wrong with its settings, in one line', async () => {
  const stateDir = join(place.path, 'agent');
  const agent = (...more: string[]) =>
    failing(['agent', '--gateway', '127.0.0.1:1', '--state-dir', stateDir, ...more]);
  for (const [said, ...more] of [
    ['registration token'],
    ['registration token', '--token', ''],
    ['token is not whole', '--token', 'x'],
    ['absolute path', '--nginx', 'nginx'],
    ['docker_sidecar', '--deployment-mode', 'moon'],
    ['warn', '--log-level', 'shout'],
  ] as const) {
    const text = await agent(...more);
    assert.match(text, said);
    assert.is(text.trim().split('\n').length, 1, text);
  }
});

test('without a password the first start makes one, prints it once, and it works', async () => {
  const dataDir = join(place.path, 'f');
  const first = await controlPlane(dataDir, { env: { NXMESH_ADMIN_PASSWORD: '' } });
  const password = /with the password (\S+)/.exec(first.process.output())?.[1];
  assert.ok(password, first.process.output());
  const login = { method: 'POST', headers: { 'Content-Type': 'application/json' } };
  const body = JSON.stringify({ email: 'admin@example.com', password });
  assert.is((await fetch(`${first.url}/v1/auth/login`, { ...login, body })).status, 200);
  await first.process.end();
  const second = await controlPlane(dataDir, { env: { NXMESH_ADMIN_PASSWORD: '' } });
  assert.not.match(second.process.output(), 'with the password');
  await second.process.end();
});

test.run();
