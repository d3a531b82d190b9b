// SPDX-License-Identifier: Apache-2.0
/** TLS hosts with uploaded certificates: a real control plane, a real agent, a real nginx, and browsers' protocols. */
import { createPrivateKey } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type TestPair, testPair } from '../../commands/certificate/pairs.harness.js';
import { folder } from '../harness/folder.js';
import { agentProcess, type ControlPlane, controlPlane, endNginx } from '../harness/nxmesh.js';
import { freePort } from '../harness/ports.js';
import type { Running } from '../harness/process.js';
import { type TlsClient, tlsClient } from '../harness/tls-client.js';
import { until } from '../harness/until.js';

const test = suite('tls');
const place = folder('tls');
const dataDir = join(place.path, 'control-plane');
const stateDir = join(place.path, 'agent');
const NAME = 'api.example.com';
const answers: string[] = [];
const pairs: TestPair[] = [];
let plane: ControlPlane;
let agent: Running | undefined;
let backend: Server;
let port: number;
let ws: string;
let root: TestPair;
let client: TlsClient;

const ids = { first: '', second: '', renewed: '', unused: '', host: '', shop: '' };

test.before(async () => {
  backend = createServer((_request, response) => response.end('from the upstream'));
  await new Promise<void>((resolve) => backend.listen(0, '127.0.0.1', resolve));
  plane = await controlPlane(dataDir, { log: join(place.path, 'control-plane.log') });
  const organization = await call('POST', '/v1/organizations', { name: 'Acme', slug: 'acme' });
  const path = `/v1/organizations/${organization.body.id}/workspaces`;
  const workspace = await call('POST', path, { name: 'W', slug: 'w' });
  ws = `/v1/workspaces/${workspace.body.id}`;
  const token = await call('POST', `${ws}/agents/tokens`, { name: 'a', labels: { env: 'production' } });
  const log = join(place.path, 'agent.log');
  agent = agentProcess({ token: token.body.token, gateway: plane.gateway, stateDir, log });
  port = await freePort();
  root = await testPair('Test Root', { names: [], isAuthority: true });
  client = tlsClient(port, root.certificate);
});

test.after(async () => {
  await agent?.end();
  await endNginx(stateDir);
  await plane.process.end();
  backend.close();
  place.remove();
});

/** As the API's client, and keeps what was answered, for the scan. */
async function call(method: string, path: string, body?: unknown, headers?: Record<string, string>) {
  const answer = await plane.api.request(method, path, body, headers);
  answers.push(JSON.stringify([answer.body, [...answer.headers]]));
  return answer;
}

async function pair(
  name: string,
  algorithm: TestPair['algorithm'] = 'p256',
  names = [name],
): Promise<TestPair> {
  const made = await testPair(name, { issuer: root, algorithm, names });
  pairs.push(made);
  return made;
}

const upload = (one: TestPair, domain: string, headers?: Record<string, string>) =>
  call(
    'POST',
    `${ws}/certificates`,
    { domain, certificate_pem: `${one.certificate}${root.certificate}`, private_key_pem: one.key },
    headers,
  );

test('an upload is answered with everything but the key', async () => {
  const first = await pair(NAME);
  const key = { 'Idempotency-Key': 'first' };
  const made = await upload(first, NAME, key);
  assert.is(made.status, 201, JSON.stringify(made.body));
  const { id, workspace_id, created_at, updated_at, issued_at, expires_at, ...rest } = made.body;
  assert.equal(rest, {
    domain: NAME,
    names: [NAME],
    is_wildcard: false,
    provider: 'custom',
    status: 'active',
    fingerprint: first.fingerprint,
    auto_renew: false,
    issuance: null,
    status_detail: null,
  });
  assert.ok(
    Date.parse(issued_at) < Date.parse(created_at) && Date.parse(created_at) < Date.parse(expires_at),
  );
  assert.equal([ws.endsWith(workspace_id), created_at], [true, updated_at]);
  assert.equal((await upload(first, NAME, key)).body, made.body, 'the same request again');
  const other = await upload(await pair(NAME), NAME, key);
  assert.equal([other.status, other.body.error.code], [422, 'IDEMPOTENCY_MISMATCH']);
  const twin = await upload(first, NAME);
  assert.equal([twin.status, twin.body.error.details[0].field], [409, 'certificate_pem']);
  assert.equal((await call('GET', `/v1/certificates/${id}`)).body, made.body);
  const list = await call('GET', `${ws}/certificates?page=1&per_page=20`);
  assert.equal(list.body, { data: [made.body], meta: { page: 1, per_page: 20, total: 1 } });
  ids.first = id;
});

test('what cannot be served is refused with its field', async () => {
  const one = await pair('other.example.com');
  const [mine] = pairs;
  const good = { domain: 'other.example.com', certificate_pem: one.certificate, private_key_pem: one.key };
  const refusals: [object, string, string][] = [
    [{ ...good, private_key_pem: mine?.key }, 'private_key_pem', 'KEY_MISMATCH'],
    [{ ...good, domain: 'shop.example.com' }, 'domain', 'NOT_COVERED'],
    [{ ...good, domain: 'a b' }, 'domain', 'INVALID_FORMAT'],
    [{ ...good, auto_renew: true }, 'auto_renew', 'NOT_SUPPORTED'],
    [{ domain: good.domain, private_key_pem: one.key }, 'certificate_pem', 'REQUIRED'],
    [{ ...good, certificate_pem: '-----BEGIN \n'.repeat(60_000) }, 'certificate_pem', 'TOO_LONG'],
    [{ ...good, fingerprint: mine?.fingerprint }, 'fingerprint', 'UNKNOWN_FIELD'],
  ];
  for (const [body, field, code] of refusals) {
    const { status, body: answer } = await call('POST', `${ws}/certificates`, body);
    assert.is(status, 422, JSON.stringify(answer));
    assert.equal([answer.error.details[0].field, answer.error.details[0].code], [field, code]);
  }
  assert.is((await call('GET', `${ws}/certificates`)).body.meta.total, 1);
});

test("the specification's virtual host is served over HTTP/2 and HTTP/1.1", async () => {
  const address = `127.0.0.1:${(backend.address() as AddressInfo).port}`;
  const upstream = await call('POST', `${ws}/upstreams`, { name: 'api', servers: [{ address }] });
  const body = {
    name: 'API Gateway',
    server_name: NAME,
    listen_port: port,
    ssl_enabled: true,
    ssl_certificate_id: ids.first,
    http2_enabled: true,
    locations: [
      {
        path: '/api/v1',
        upstream_id: upstream.body.id,
        custom_headers: [{ name: 'X-Forwarded-Proto', value: '$scheme' }],
      },
      { path: '/health', proxy_pass: 'http://localhost:8080/health' },
    ],
    target_agents: { type: 'selector', label_selector: 'env=production' },
  };
  const foreign = await call('POST', `${ws}/virtual-hosts`, {
    ...body,
    server_name: `${NAME} www.example.com`,
  });
  assert.equal([foreign.status, foreign.body.error.details[0].field], [422, 'ssl_certificate_id']);
  const made = await call('POST', `${ws}/virtual-hosts`, body);
  assert.is(made.status, 201, JSON.stringify(made.body));
  ids.host = made.body.id;
  await until('the newest version is proven', async () => {
    const [{ version }] = (await call('GET', `${ws}/changes?per_page=1`)).body.data;
    const { agents } = (await call('GET', `${ws}/changes/${version}`)).body;
    return agents[0]?.state === 'applied';
  });
  assert.is(await client.shown(NAME), pairs[0]?.fingerprint);
  assert.equal(await client.get1(NAME, '/api/v1/x'), [200, '1.1', 'from the upstream']);
  assert.equal(await client.get2(NAME, '/api/v1/x'), [200, 'from the upstream']);
});

test('an unknown name gets no certificate', async () => {
  assert.is(await client.shown('unknown.example.com'), 'ERR_SSL_TLSV1_UNRECOGNIZED_NAME');
  assert.is(await client.shown(''), 'ERR_SSL_TLSV1_UNRECOGNIZED_NAME');
});

test('a second certificate on the same port, of another kind', async () => {
  const wild = await pair('*.shop.example.com', 'rsa2048', ['*.shop.example.com', 'shop.example.com']);
  const made = await upload(wild, '*.shop.example.com');
  assert.equal([made.status, made.body.is_wildcard], [201, true]);
  ids.second = made.body.id;
  const host = await call('POST', `${ws}/virtual-hosts`, {
    name: 'Shop',
    server_name: 'shop.example.com www.shop.example.com',
    listen_port: port,
    ssl_enabled: true,
    ssl_certificate_id: ids.second,
    locations: [{ path: '/', proxy_pass: 'http://localhost:8080/' }],
  });
  assert.is(host.status, 201, JSON.stringify(host.body));
  ids.shop = host.body.id;
  await until('it is shown', async () => (await client.shown('www.shop.example.com')) === wild.fingerprint);
  assert.is(await client.shown(NAME), pairs[0]?.fingerprint);
  assert.is(await client.shown('unknown.example.com'), 'ERR_SSL_TLSV1_UNRECOGNIZED_NAME');
});

test('a certificate in use is not deleted; another one takes its place, and then it goes', async () => {
  const used = await call('DELETE', `/v1/certificates/${ids.first}`);
  assert.is(used.status, 409);
  assert.match(used.body.error.details[0].message, 'API Gateway');
  const renewed = await pair(NAME, 'p384');
  ids.renewed = (await upload(renewed, NAME)).body.id;
  const patched = await call('PATCH', `/v1/virtual-hosts/${ids.host}`, { ssl_certificate_id: ids.renewed });
  assert.is(patched.status, 200, JSON.stringify(patched.body));
  await until('the new one is shown', async () => (await client.shown(NAME)) === renewed.fingerprint);
  assert.equal(await client.get2(NAME, '/api/v1/x'), [200, 'from the upstream']);
  assert.is((await call('DELETE', `/v1/certificates/${ids.first}`)).status, 204);
  assert.is((await call('GET', `/v1/certificates/${ids.first}`)).status, 404);
  const again = await upload(pairs[0] as TestPair, NAME, { 'Idempotency-Key': 'first' });
  assert.equal([again.status, again.body.id], [201, ids.first], 'answered as the first time');
  assert.is((await call('GET', `/v1/certificates/${ids.first}`)).status, 404, 'and not made again');
});

test('an unknown id and an anonymous caller get nothing', async () => {
  assert.is((await call('GET', '/v1/certificates/00000000-0000-4000-8000-000000000000')).status, 404);
  const anonymous = await fetch(`${plane.url}/v1/certificates/${ids.second}`);
  assert.is(anonymous.status, 401);
});

/** A key as it could lie about: lines of its PEM, its DER and its private number, in the usual spellings. */
function tracesOf({ key }: TestPair): Buffer[] {
  const privateKey = createPrivateKey(key);
  const { d = '' } = privateKey.export({ format: 'jwk' });
  const number = Buffer.from(d, 'base64url');
  const lines = key.split('\n').filter((line) => !line.startsWith('-') && line.length >= 40);
  return [
    ...lines.slice(1).map((line) => Buffer.from(line)),
    number.subarray(0, 24),
    Buffer.from(number.toString('hex').slice(0, 48)),
    Buffer.from(number.toString('base64').slice(0, 32)),
    Buffer.from(d.slice(0, 32)),
  ];
}

const filesBelow = (path: string): string[] =>
  readdirSync(path, { recursive: true, encoding: 'utf8' })
    .map((name) => join(path, name))
    .filter((name) => statSync(name).isFile());

test('no key is anywhere but sealed in the vault and with the agent that serves it', async () => {
  const unused = await pair('unused.example.com');
  ids.unused = (await upload(unused, 'unused.example.com')).body.id;
  await call('GET', `${ws}/certificates?per_page=100`);
  await call('GET', `${ws}/changes?per_page=100`);
  await call('GET', `${ws}/agents`);
  const traces = pairs.flatMap(tracesOf);
  assert.ok(pairs.length === 6 && traces.length > 40, `${traces.length} traces of ${pairs.length} keys`);
  const held = (content: Buffer): boolean => traces.some((trace) => content.includes(trace));

  const ours = [...filesBelow(dataDir), join(place.path, 'control-plane.log'), join(place.path, 'agent.log')];
  for (const name of ['events.db', 'read.db', 'vault.db']) {
    assert.ok(
      ours.some((path) => path.endsWith(name)),
      name,
    );
  }
  assert.equal(
    ours.filter((path) => held(readFileSync(path))),
    [],
  );
  assert.not(held(Buffer.from(answers.join('\n'))));

  const withAgent = filesBelow(stateDir).filter((path) => held(readFileSync(path)));
  const keyOf = (one: TestPair): string => join(stateDir, 'certificates', `${one.fingerprint}.key`);
  assert.ok(
    withAgent.every((path) => path.endsWith('.key')),
    withAgent.join(),
  );
  const wild = pairs.find(({ subject }) => subject.startsWith('*'));
  assert.ok(wild && withAgent.includes(keyOf(wild)), 'the scan finds a key where there is one');
  assert.not(existsSync(keyOf(unused)), 'a key that no host of the agent uses is not sent');
});

test.run();
