// SPDX-License-Identifier: Apache-2.0
import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { SignJWT } from 'jose';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { AUDIENCE, ISSUER, startApp, type TestApp } from './http.harness.js';
import { sampleRoutes } from './sample-routes.harness.js';

let app: TestApp;
let userId: string;
let good: string;

test.before(async () => {
  app = await startApp(sampleRoutes().routes);
  const user = await app.user();
  userId = user.id;
  good = user.token;
});
test.after(() => app.close());

const use = (authorization: string) => app.call('GET', '/v1/organizations', { headers: { authorization } });

const seconds = (): number => Math.floor(app.clock.now() / 1000);

const baseHeader = () => ({ alg: 'ES256', typ: 'at+jwt', kid: app.keys.kid });
const baseClaims = () => ({
  iss: ISSUER,
  aud: AUDIENCE,
  sub: userId,
  sv: 1,
  sid: userId,
  iat: seconds(),
  exp: seconds() + 900,
  jti: 'j',
});

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** Signed with the right key, whatever it says. */
function forge(header: object, claims: object, encoding: 'ieee-p1363' | 'der' = 'ieee-p1363'): string {
  const input = `${encode({ ...baseHeader(), ...header })}.${encode({ ...baseClaims(), ...claims })}`;
  const signature = sign('sha256', Buffer.from(input), { key: app.keys.privateKey, dsaEncoding: encoding });
  return `${input}.${signature.toString('base64url')}`;
}

async function refusedEach(tokens: Record<string, string>): Promise<void> {
  const texts = new Set<string>();
  for (const [name, token] of Object.entries(tokens)) {
    const answer = await app.call('GET', '/v1/organizations', { token, headers: { 'x-request-id': 'same' } });
    assert.is(answer.status, 401, `${name}: ${answer.text}`);
    assert.is(answer.json.error.code, 'UNAUTHORIZED');
    assert.match(String(answer.headers['www-authenticate']), 'error="invalid_token"');
    texts.add(answer.text);
  }
  assert.is(texts.size, 1, 'every fault reads the same');
}

test('a good token is taken, forged by hand too: the refusals below are for their own reason', async () => {
  assert.is((await use(`Bearer ${good}`)).status, 200);
  assert.is((await use(`bearer ${forge({}, {})}`)).status, 200);
  const [header = '', payload = ''] = good
    .split('.')
    .map((part) => Buffer.from(part, 'base64url').toString());
  assert.equal(JSON.parse(header), baseHeader());
  const claims = JSON.parse(payload) as Record<string, unknown>;
  assert.equal(Object.keys(claims).sort(), ['aud', 'exp', 'iat', 'iss', 'jti', 'sid', 'sub', 'sv']);
  assert.is(Number(claims['exp']) - Number(claims['iat']), 900);
});

test('C01: no algorithm', async () => {
  const payload = encode(baseClaims());
  const unsigned = (alg: string): string => `${encode({ ...baseHeader(), alg })}.${payload}.`;
  await refusedEach({
    none: unsigned('none'),
    None: unsigned('None'),
    nOnE: unsigned('nOnE'),
    empty: `${encode(baseHeader())}.${payload}.`,
    'no third part': `${encode(baseHeader())}.${payload}`,
    'kept signature': `${encode({ ...baseHeader(), alg: 'none' })}.${payload}.${good.split('.')[2]}`,
  });
});

test('C02: the public key as a secret, in every form, and another family of algorithms', async () => {
  const pem = app.keys.publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const der = app.keys.publicKey.export({ type: 'spki', format: 'der' });
  const hmac = (alg: string, hash: string, secret: string | Buffer): string => {
    const input = `${encode({ ...baseHeader(), alg })}.${encode(baseClaims())}`;
    return `${input}.${createHmac(hash, secret).update(input).digest('base64url')}`;
  };
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  await refusedEach({
    pem: hmac('HS256', 'sha256', pem),
    trimmed: hmac('HS256', 'sha256', pem.trim()),
    spaced: hmac('HS256', 'sha256', `\n ${pem}`),
    der: hmac('HS512', 'sha512', der),
    rsa: await new SignJWT(baseClaims())
      .setProtectedHeader({ ...baseHeader(), alg: 'RS256' })
      .sign(rsa.privateKey),
    'said to be ES384': forge({ alg: 'ES384' }, {}),
  });
});

test('C04: keys that the token brings along', async () => {
  const own = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const jwk = own.publicKey.export({ format: 'jwk' });
  const signed = (header: object): Promise<string> =>
    new SignJWT(baseClaims()).setProtectedHeader({ ...baseHeader(), ...header }).sign(own.privateKey);
  await refusedEach({
    'another key': await signed({}),
    jwk: await signed({ jwk }),
    jku: await signed({ jku: `${app.server.url}/openapi.json` }),
    x5c: await signed({ x5c: ['MIIB'] }),
    'unknown kid': forge({ kid: 'other' }, {}),
    'no kid': forge({ kid: undefined }, {}),
    'kid of a prototype': forge({ kid: '__proto__' }, {}),
    'kid that is no text': forge({ kid: [app.keys.kid] }, {}),
    crit: forge({ crit: ['exp'] }, {}),
  });
});

test('C05: claims', async () => {
  await refusedEach({
    iss: forge({}, { iss: 'https://evil.test' }),
    aud: forge({}, { aud: 'other-api' }),
    'no aud': forge({}, { aud: undefined }),
    'no iss': forge({}, { iss: undefined }),
    'refresh token': forge({ typ: 'rt+jwt' }, {}),
    'plain JWT': forge({ typ: 'JWT' }, {}),
    'no typ': forge({ typ: undefined }, {}),
    expired: forge({}, { exp: seconds() - 1 }),
    'expires now': forge({}, { exp: seconds() }),
    'no exp': forge({}, { exp: undefined }),
    'exp as text': forge({}, { exp: String(seconds() + 900) }),
    'exp not whole': forge({}, { exp: seconds() + 900.5 }),
    nbf: forge({}, { nbf: seconds() + 3600 }),
    'iat ahead': forge({}, { iat: seconds() + 3600 }),
    'no iat': forge({}, { iat: undefined }),
    'sub a number': forge({}, { sub: 7 }),
    'no sub': forge({}, { sub: undefined }),
    'sub no id': forge({}, { sub: 'constructor' }),
    'sub unknown': forge({}, { sub: '0189aaaa-0000-7000-8000-000000000000' }),
    'old session': forge({}, { sv: 0 }),
    'no session version': forge({}, { sv: undefined }),
    'no session': forge({}, { sid: undefined }),
    'session no id': forge({}, { sid: '__proto__' }),
    'session version as text': forge({}, { sv: '1' }),
  });
});

test('C06: signatures that are none', async () => {
  const [header, payload] = good.split('.');
  await refusedEach({
    'r = s = 0': `${header}.${payload}.${Buffer.alloc(64).toString('base64url')}`,
    DER: forge({}, {}, 'der'),
    short: `${header}.${payload}.${Buffer.alloc(63, 1).toString('base64url')}`,
    'changed claims': `${header}.${encode({ ...baseClaims(), sub: userId, sv: 2 })}.${good.split('.')[2]}`,
  });
});

test('C07: large and deep tokens', async () => {
  const huge = await app.raw(
    `GET /v1/organizations HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${'a'.repeat(1_000_000)}\r\n\r\n`,
  );
  assert.match(huge, /^HTTP\/1\.1 431 /);
  assert.match(huge, '"HEADERS_TOO_LARGE"');
  const deep = `${encode(baseHeader())}.${Buffer.from('['.repeat(9000)).toString('base64url')}.AAAA`;
  await refusedEach({
    deep,
    garbage: 'a.b.c',
    dots: '...',
    binary: Buffer.alloc(3000, 7).toString('base64'),
  });
});

test('other schemes and forms of the header', async () => {
  for (const authorization of [
    '',
    'Bearer',
    'Bearer ',
    `Basic ${good}`,
    good,
    `Bearer ${good} x`,
    `Bearer  ${good}`,
  ]) {
    const answer = await use(authorization);
    assert.is(answer.status, 401, authorization);
  }
  const doubled = await app.raw(
    `GET /v1/organizations HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${good}\r\nAuthorization: Bearer x\r\nConnection: close\r\n\r\n`,
  );
  assert.match(doubled, /^HTTP\/1\.1 400 /);
  assert.is((await app.call('GET', `/v1/organizations?access_token=${good}`)).status, 401);
  assert.is(
    (await app.call('GET', '/v1/organizations', { headers: { cookie: `token=${good}` } })).status,
    401,
  );
});

test('C08: a new session version or a removed user ends the token at once; time ends it after 900 s', async () => {
  const { id, token } = await app.user();
  const status = async () => (await app.call('GET', '/v1/organizations', { token })).status;
  assert.is(await status(), 200);
  const user = app.users.get(id);
  assert.ok(user);
  user.sessionVersion = 2;
  assert.is(await status(), 401);
  user.sessionVersion = 1;
  assert.is(await status(), 200);
  app.clock.advance(890_000);
  assert.is(await status(), 200);
  app.clock.advance(11_000);
  assert.is(await status(), 401);
});

test('a token that was good before is not when its key is withdrawn, or another signature stands under it', async () => {
  const { token } = await app.user();
  const status = async (one: string) => (await app.call('GET', '/v1/organizations', { token: one })).status;
  assert.is(await status(token), 200);
  app.withdrawKey(true);
  assert.is(await status(token), 401);
  app.withdrawKey(false);
  assert.is(await status(token), 200);
  const [head = '', body = '', signature = ''] = token.split('.');
  const other = (await app.user()).token.split('.')[2] ?? '';
  assert.is(await status(`${head}.${body}.${other}`), 401);
  assert.is(await status(`${head}.${body}.${signature.slice(0, -4)}AAAA`), 401);
  assert.is(await status(`${head}.${body}.`), 401);
});

test('tokens never stand in the log', () => {
  assert.ok(app.lines.length > 50);
  assert.not.match(app.lines.join(''), good.split('.')[2] ?? 'none');
});

test.run();
