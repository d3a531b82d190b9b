// SPDX-License-Identifier: Apache-2.0
/** Erasure on real files: after it no file, and no replay of the log, has anything of the person. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { tailLog } from '../../event-log/sqlite/export.js';
import { systemClock } from '../../kernel/index.js';
import { sqliteReadStore } from '../../read-store/sqlite/index.js';
import { api } from '../harness/api.js';
import { folder } from '../harness/folder.js';
import { type ControlPlane, controlPlane } from '../harness/nxmesh.js';

const dir = folder('erasure');
const logFile = join(dir.path, 'output.log');
const dataDir = join(dir.path, 'data');
let plane: ControlPlane;

test.after(async () => {
  await plane?.process.end();
  dir.remove();
});

const CANARY = 'canary7f3a';
const PASSWORD = `Correct-Horse-${CANARY}`;
const AGENT = `browser-of-${CANARY}`;
const person = {
  username: `${CANARY}.user`,
  email: `${CANARY}@example.com`,
  password: PASSWORD,
  full_name: `${CANARY} Example`,
};

/** Files under the folder in which a text stands, as it is or in base64 at any of the three offsets. */
function filesWith(text: string): string[] {
  const forms = [0, 1, 2].map((shift) =>
    Buffer.from('x'.repeat(shift) + text)
      .toString('base64')
      .slice(4, -4),
  );
  return readdirSync(dir.path, { recursive: true, encoding: 'utf8' }).filter((name) => {
    try {
      const bytes = readFileSync(join(dir.path, name));
      return [text, ...forms].some((form) => bytes.includes(form));
    } catch {
      return false;
    }
  });
}

/** The sealed data key and text of every record about somebody. */
async function sealed(ids: readonly string[]): Promise<string[]> {
  const store = sqliteReadStore({ path: join(dataDir, 'vault.db'), clock: systemClock, durable: true });
  const docs = await store.getMany('secrets', ids);
  await store.close();
  return [...docs.values()].flatMap(({ key, data }) => [String(key), String(data)]);
}

test('G10: an erased user is in no file and in no replay', async () => {
  plane = await controlPlane(dataDir, { log: logFile });
  const ann = await plane.api.ok('POST', '/v1/users', person);
  const her = api(plane.url);
  const login = { email: person.email, password: PASSWORD };
  const tokens = await her.ok('POST', '/v1/auth/login', login, { 'user-agent': AGENT });
  const bearer = { authorization: `Bearer ${tokens.access_token}` };
  const { key } = await her.ok('POST', '/v1/api-keys', { name: 'k', scopes: ['read:agents'] }, bearer);
  await her.request('POST', '/v1/auth/login', { ...login, password: `wrong ${CANARY}` });
  await plane.api.request('POST', '/v1/users', person);
  await plane.api.ok('GET', `/v1/users?search=${CANARY}`);
  await plane.api.ok('PATCH', `/v1/users/${ann.id}`, { email: `second-${CANARY}@example.com` });
  const session = (await her.ok('GET', '/v1/sessions', undefined, bearer)).data[0];
  assert.is(session.client.user_agent, AGENT);

  const { ports } = plane;
  await plane.process.end();
  const records = ['profile', 'password']
    .map((part) => `user/${ann.id}/${part}`)
    .concat(`session/${session.id}`);
  const secrets = await sealed(records);
  assert.is(secrets.length, 6);
  assert.ok(secrets.every((text) => filesWith(text).includes('data/vault.db')));

  plane = await controlPlane(dataDir, { log: logFile, ports });
  assert.is((await plane.api.request('DELETE', `/v1/users/${ann.id}`)).status, 204);
  for (const credentials of [bearer, { 'x-api-key': key }]) {
    assert.is((await her.request('GET', '/v1/organizations', undefined, credentials)).status, 401);
  }
  assert.is(
    (await her.request('POST', '/v1/auth/refresh', { refresh_token: tokens.refresh_token })).status,
    401,
  );
  assert.is((await her.request('POST', '/v1/auth/login', login)).status, 401);
  assert.is((await plane.api.request('GET', `/v1/users/${ann.id}`)).status, 404);
  assert.is((await plane.api.ok('GET', `/v1/users?search=${CANARY}`)).meta.total, 0);
  // While it runs, and once it has ended.
  for (const secret of secrets) {
    assert.equal(filesWith(secret), [], 'nothing of the sealed records, in the write-ahead log neither');
  }
  assert.equal(
    filesWith(CANARY).filter((name) => name !== 'output.log'),
    [],
  );
  const logged = readFileSync(logFile, 'utf8')
    .split('\n')
    .filter((line) => line.includes(CANARY));
  assert.ok(
    logged.every((line) => (JSON.parse(line) as { user_agent?: string }).user_agent === AGENT),
    'only what the browser said of itself stands in the log of requests',
  );
  // Her names are free again.
  await plane.api.ok('POST', '/v1/users', {
    ...person,
    email: 'new@example.com',
    username: 'new',
    full_name: null,
  });
  await plane.process.end();
  assert.equal(
    filesWith(CANARY).filter((name) => name !== 'output.log'),
    [],
  );

  let replayed = '';
  for await (const line of tailLog(join(dataDir, 'events.db'), { count: 10_000 })) {
    replayed += line;
  }
  assert.match(replayed, 'user.erased');
  assert.not.match(replayed, CANARY);
});

test.run();
