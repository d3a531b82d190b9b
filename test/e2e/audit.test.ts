// SPDX-License-Identifier: Apache-2.0
/** The audit of a real control plane: exported over HTTP, checked by the command without a server. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { folder } from '../harness/folder.js';
import { ADMIN, BIN, type ControlPlane, controlPlane } from '../harness/nxmesh.js';

const test = suite('audit');
const place = folder('audit');
const file = join(place.path, 'audit.ndjson');
const keyFile = join(place.path, 'key.pem');
let plane: ControlPlane;
let authorization: string;
let text: string;

test.before(async () => {
  plane = await controlPlane(join(place.path, 'control-plane'));
  const { access_token } = await plane.api.ok('POST', '/v1/auth/login', ADMIN);
  authorization = `Bearer ${access_token}`;
});

test.after(async () => {
  await plane.process.end();
  place.remove();
});

const download = async (path: string): Promise<string> =>
  (await fetch(`${plane.url}${path}`, { headers: { authorization } })).text();

function verify(...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(BIN, ['audit', 'verify', ...args], { encoding: 'utf8' });
  return { status, stdout, stderr };
}

test('what was done stands in the audit, with who, from where, by which request', async () => {
  const organization = await plane.api.ok('POST', '/v1/organizations', { name: 'Acme', slug: 'acme' });
  const path = `/v1/organizations/${organization.id}/workspaces`;
  const workspace = await plane.api.ok('POST', path, { name: 'Shop', slug: 'shop' });
  const servers = [{ address: '10.0.1.20:8080' }];
  const upstreams = `/v1/workspaces/${workspace.id}/upstreams`;
  const made = await plane.api.ok('POST', upstreams, { name: 'backend', servers });
  const headers = { 'X-Request-Id': 'change-of-weight' };
  const heavier = { servers: [{ ...servers[0], weight: 5 }] };
  await plane.api.ok('PATCH', `/v1/upstreams/${made.id}`, heavier, headers);
  const query = `organization_id=${organization.id}`;
  const { data } = await plane.api.ok('GET', `/v1/audit?${query}&request_id=change-of-weight`);
  assert.is(data.length, 1);
  const [one] = data;
  assert.equal(
    [one.type, one.resource_name, one.changed, one.before.servers[0].weight, one.after.servers[0].weight],
    ['upstream.updated', 'backend', ['servers'], 1, 5],
  );
  assert.match(one.actor, /^user:/);
  assert.is(one.address, '127.0.0.1');
  text = await download(`/v1/audit/export?${query}`);
  writeFileSync(keyFile, (await plane.api.ok('GET', '/v1/audit/key')).public_key);
});

test('an export is good, and the first record that is altered is named', () => {
  writeFileSync(file, text);
  const good = verify(file, '--key', keyFile);
  assert.is(good.status, 0, good.stdout + good.stderr);
  assert.is(JSON.parse(good.stdout).ok, true);
  assert.match(verify(file).stderr, 'the one that the export itself names');
  writeFileSync(file, text.replace('"weight":5', '"weight":6'));
  const bad = verify(file, '--key', keyFile);
  assert.is(bad.status, 1);
  assert.match(JSON.parse(bad.stdout).why, /^record [0-9]+ \([0-9a-f-]{36}\) was altered$/);
  writeFileSync(file, text.split('\n').slice(0, -2).join('\n'));
  assert.match(verify(file, '--key', keyFile).stdout, 'without its signed end');
});

test('the network that a request came from stands nowhere in clear but in the answer', () => {
  assert.not.match(text.replaceAll(/"address":"127.0.0.1"/g, ''), '127.0.0.1');
  const data = join(place.path, 'control-plane');
  for (const name of readdirSync(data).filter((one) => /\.db(-wal)?$/.test(one))) {
    assert.not.ok(readFileSync(join(data, name)).includes('127.0.0.1'), name);
  }
});

test.run();
