// SPDX-License-Identifier: Apache-2.0
/** Certificates of the past over HTTP: their keys are not of the log, and the clock says whether they are in time. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { newId } from '../http/http.harness.js';
import { ACME, MINE, pastApi } from './harness/past-api.js';

const ws = `/v1/workspaces/${MINE}`;

let api: Awaited<ReturnType<typeof pastApi>>;
let token: string;

test.before(async () => {
  api = await pastApi();
  ({ token } = await api.user({ [ACME]: 'editor' }));
});
test.after(() => api.end());

const call = (method: string, path: string, json?: unknown) =>
  api.call(method, path, { token, ...(json === undefined ? {} : { json }) });

async function made(path: string, json: unknown): Promise<string> {
  const answer = await call('POST', `${ws}/${path}`, json);
  assert.is(answer.status, 201, answer.text);
  return answer.json.id;
}

test('a certificate whose key is destroyed does not come back, by name', async () => {
  const certificate = newId();
  await api.certify(certificate, 'tls.example.com');
  const tls = await made('virtual-hosts', {
    name: 'tls',
    server_name: 'tls.example.com',
    ssl_enabled: true,
    ssl_certificate_id: certificate,
    locations: [{ path: '/', proxy_pass: 'http://10.0.0.9/' }],
  });
  const version = await api.newest();
  await call('DELETE', `/v1/virtual-hosts/${tls}`);
  await api.newest();
  const gone = await call('DELETE', `/v1/certificates/${certificate}`);
  assert.ok([204, 500].includes(gone.status), 'the vault is not part of this test');
  const deleted = await api.newest();
  const taken = await call('POST', `${ws}/versions/${deleted}/undo`);
  assert.equal([taken.status, taken.json.error.details[0].code], [409, 'KEY_DESTROYED']);
  const rolled = await call('POST', `${ws}/versions/${version}/rollback`);
  assert.equal([rolled.status, rolled.json.error.details[0].code], [409, 'KEY_DESTROYED']);
  assert.match(rolled.json.error.details[0].message, 'tls.example.com');
  const restored = await call('POST', `/v1/virtual-hosts/${tls}/restore`);
  assert.equal([restored.status, restored.json.error.details[0].field], [409, 'ssl_certificate_id']);
});

test('a certificate that is in time is so at any revision, whose number is never taken for a year', async () => {
  const certificate = newId();
  await api.certify(certificate, 'in-time.example.com');
  const pool = await made('upstreams', { name: 'pool', servers: [{ address: '10.0.0.1:80' }] });
  for (let n = 1; n <= 50; n += 1) {
    const { headers } = await call('PATCH', `/v1/upstreams/${pool}`, { keepalive_connections: n });
    const revision = Number(String(headers.etag).replaceAll('"', ''));
    const { json } = await call('GET', `/v1/certificates/${certificate}?at=revision:${revision}`);
    assert.is(json.status, 'active', `at revision ${revision}`);
  }
});

test('a certificate of the past says where its issuing stood, as it did then', async () => {
  const waiting = await made('certificates', { domain: 'waits.example.com', provider: 'letsencrypt' });
  const path = `/v1/certificates/${waiting}`;
  const now = await call('GET', path);
  assert.is(now.json.issuance, 'requested');
  const revision = String(now.headers.etag).replaceAll('"', '');
  assert.equal((await call('GET', `${path}?at=revision:${revision}`)).json, now.json);
  const { data } = (await call('GET', `${ws}/certificates?at=revision:${revision}`)).json;
  assert.equal(
    data.find((one: { id: string }) => one.id === waiting),
    now.json,
  );
});

test.run();
