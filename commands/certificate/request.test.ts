// SPDX-License-Identifier: Apache-2.0
/** Certificates that are to be issued: accepted, kept, and said to be waiting. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { id, WORKSPACE } from '../../domain/workspace/workspace.fixture.js';
import { Secret, systemClock, systemRandom } from '../../kernel/index.js';
import { memoryReadStore } from '../../read-store/index.js';
import { openVault } from '../../vault/index.js';
import { virtualHostCommands } from '../virtual-host.js';
import { workspaceApp } from '../workspace-app.harness.js';
import { certificateCommands } from './index.js';

const store = memoryReadStore({ clock: systemClock });
const masterKey = new Secret(Buffer.alloc(32, 7));
const vault = await openVault({ store, masterKey, random: systemRandom });
const app = await workspaceApp((deps) => [
  ...certificateCommands({ ...deps, vault }),
  ...virtualHostCommands(deps),
]);
const { send, facts } = app;
test.after(() => app.close());

const PATH = `/v1/workspaces/${WORKSPACE}/certificates`;
const ask = (domain: string, more: object = {}, headers = {}) =>
  send('POST', PATH, { domain, provider: 'letsencrypt', ...more }, headers);

test('the request of the specification is accepted and says that it waits', async () => {
  const made = await ask('api.example.com', { auto_renew: true });
  assert.is(made.status, 201, made.text);
  const { id: _, created_at, updated_at, status_detail, ...rest } = made.json;
  assert.equal(rest, {
    workspace_id: WORKSPACE,
    domain: 'api.example.com',
    names: [],
    is_wildcard: false,
    provider: 'letsencrypt',
    status: 'pending',
    fingerprint: null,
    issued_at: null,
    expires_at: null,
    auto_renew: true,
    issuance: 'requested',
  });
  assert.match(status_detail, 'does not issue certificates yet');
  assert.is(created_at, updated_at);
  assert.is((await facts()).at(-1), 'certificate.requested');
});

test('a wildcard is flagged, and renewal is on unless it is refused', async () => {
  const wild = await ask('*.example.org');
  assert.equal([wild.json.is_wildcard, wild.json.auto_renew], [true, true]);
  assert.is((await ask('once.example.org', { auto_renew: false })).json.auto_renew, false);
});

const refused: [string, object, number, string][] = [
  ['api.example.com', {}, 409, 'domain DUPLICATE'],
  ['localhost', {}, 422, 'domain INVALID_FORMAT'],
  ['10.0.0.1', {}, 422, 'domain INVALID_FORMAT'],
  ['*.com', {}, 422, 'domain INVALID_FORMAT'],
  ['*.*.example.com', {}, 422, 'domain INVALID_FORMAT'],
  ['a_b.example.com', {}, 422, 'domain INVALID_FORMAT'],
  ['-a.example.com', {}, 422, 'domain INVALID_FORMAT'],
  [`${'a'.repeat(64)}.example.com`, {}, 422, 'domain INVALID_FORMAT'],
  ['API.example.com', {}, 422, 'domain INVALID_FORMAT'],
  ['a.example.com; rm', {}, 422, 'domain INVALID_FORMAT'],
  ['b.example.com', { certificate_pem: 'x' }, 422, 'certificate_pem CONFLICTING_FIELDS'],
  ['b.example.com', { private_key_pem: 'x' }, 422, 'private_key_pem CONFLICTING_FIELDS'],
  ['b.example.com', { status: 'active' }, 422, 'status UNKNOWN_FIELD'],
  ['b.example.com', { provider: 'zerossl' }, 422, 'provider INVALID_VALUE'],
];
for (const [domain, more, status, problem] of refused) {
  test(`refuses ${domain.slice(0, 20)} with ${JSON.stringify(more)}`, async () => {
    const before = await facts();
    const answer = await ask(domain, more);
    assert.is(answer.status, status, answer.text);
    const [one] = answer.json.error.details;
    assert.is(`${one.field} ${one.code}`, problem);
    assert.equal(await facts(), before, 'nothing is written');
  });
}

test('a host cannot have it before it is issued; it is deleted as any other', async () => {
  const made = await ask('shop.example.com');
  const host = { name: 'Shop', server_name: 'shop.example.com', ssl_certificate_id: made.json.id };
  for (const ssl_enabled of [true, false]) {
    const answer = await send('POST', `/v1/workspaces/${WORKSPACE}/virtual-hosts`, { ...host, ssl_enabled });
    assert.is(answer.status, 422);
    const [one] = answer.json.error.details;
    assert.equal([one.field, one.code], ['ssl_certificate_id', 'NOT_ISSUED']);
  }
  assert.is((await send('DELETE', `/v1/certificates/${made.json.id}`)).status, 204);
  assert.is((await send('DELETE', `/v1/certificates/${made.json.id}`)).status, 404);
  assert.is((await ask('shop.example.com')).status, 201, 'the name is free again');
});

test('asked again under one Idempotency-Key it is one request', async () => {
  const key = { 'idempotency-key': 'once' };
  const [first, again] = [await ask('k.example.com', {}, key), await ask('k.example.com', {}, key)];
  assert.equal([first.status, again.text], [201, first.text]);
  assert.is((await ask('l.example.com', {}, key)).status, 422);
});

test('who may not write cannot ask', async () => {
  const viewer = (await app.user({ [id(999)]: 'viewer' })).token;
  const json = { domain: 'v.example.com', provider: 'letsencrypt' };
  assert.is((await app.call('POST', PATH, { token: viewer, json })).status, 403);
});

test.run();
