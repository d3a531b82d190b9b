// SPDX-License-Identifier: Apache-2.0
/** The ring of signing keys, in two processes on one vault. */
import { createLocalJWKSet, jwtVerify } from 'jose';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Secret } from '../kernel/index.js';
import { until } from '../test/harness/until.js';
import { memoryBackend, plane } from './plane.harness.js';
import { PUBLISH_MS, signingKeys } from './signing-keys.js';
import { TOKENS } from './tokens.js';

const kidOf = (token: string): string =>
  JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()).kid;

test('X42: ten rotations under load in two processes, and no valid request fails', async () => {
  const backend = await memoryBackend();
  const { clock } = backend;
  const [one, two] = [await plane(backend, 'one', true), await plane(backend, 'two', true)];
  const tokens: { token: string; at: number }[] = [];
  let [asked, going] = [0, true];
  const failures: string[] = [];
  const ask = async (on: typeof one): Promise<void> => {
    while (going) {
      const valid = tokens.filter(({ at }) => clock.now() - at < 890_000);
      const pick = valid[asked % valid.length];
      asked += 1;
      const answer = await on.call('GET', '/v1/organizations', undefined, { token: pick?.token });
      // One that was good when it was picked may be over by now.
      if (answer.status !== 200 && clock.now() - (pick?.at ?? 0) < 890_000) {
        failures.push(`${answer.status} ${pick && kidOf(pick.token)}`);
      }
    }
  };
  const signIn = async (on: typeof one): Promise<string> => {
    const at = clock.now();
    // Without the cost of a password.
    const [userId = ''] = on.access.administrators();
    const { accessToken } = await on.people.sessions.start(
      userId,
      1,
      { user_agent: null, network: 'n' },
      'r',
    );
    tokens.push({ token: accessToken, at });
    return accessToken;
  };
  let admin = await signIn(one);
  const load = [ask(one), ask(two), ask(two)];
  const kids = new Set([kidOf(admin)]);
  for (let n = 0; n < 10; n += 1) {
    const rotated = await one.call('POST', '/v1/signing-keys/rotate', undefined, { token: admin });
    assert.is(rotated.status, 201, rotated.text);
    const { keys } = (await one.call('GET', '/.well-known/jwks.json')).body;
    assert.ok(
      keys.some((key: { kid: string }) => key.kid === rotated.body.kid),
      'published before it signs',
    );
    assert.is.not(kidOf(await signIn(one)), rotated.body.kid, 'not before its time');
    clock.advance(PUBLISH_MS + 1000);
    admin = await signIn(one);
    assert.is(kidOf(admin), rotated.body.kid);
    kids.add(kidOf(await signIn(two)));
    kids.add(kidOf(admin));
    await until('the load goes on', () => asked > 20 * n);
  }
  going = false;
  await Promise.all(load);
  assert.equal(failures, []);
  assert.ok(asked > 180, String(asked));
  assert.ok(kids.size >= 11, 'every key has signed');
  await Promise.all([one.close(), two.close()]);
});

test('C02: what is published verifies a token, with any library, and holds no private half', async () => {
  const one = await plane(await memoryBackend());
  const answer = await one.call('GET', '/.well-known/jwks.json');
  assert.is(answer.headers.get('cache-control'), 'public, max-age=30');
  for (const key of answer.body.keys) {
    assert.equal(Object.keys(key).sort(), ['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']);
  }
  const { access_token } = await one.signIn();
  const { payload } = await jwtVerify(access_token, createLocalJWKSet(answer.body), {
    ...TOKENS,
    typ: 'at+jwt',
    algorithms: ['ES256'],
  });
  assert.is(payload.iss, TOKENS.issuer);
  await one.close();
});

test('keys that no token needs any more are gone; the ring is bounded; an unknown name is looked for once a second', async () => {
  const { clock, vault } = await memoryBackend();
  let reads = 0;
  const counted = {
    ...vault,
    get: (id: string) => {
      reads += id === 'http/signing-keys' ? 1 : 0;
      return vault.get(id);
    },
  };
  const exclusively = <T>(_: string, task: () => Promise<T>): Promise<T> => task();
  const ring = await signingKeys({ vault: counted, clock, exclusively });
  const first = ring.signer().kid;
  for (let n = 0; n < 31; n += 1) {
    await ring.rotate();
  }
  try {
    await ring.rotate();
    assert.unreachable();
  } catch (error) {
    assert.is((error as { code: string }).code, 'CONFLICT');
  }
  assert.is(ring.published().length, 32);
  clock.advance(PUBLISH_MS + 1_000_000);
  await ring.rotate();
  assert.is(ring.published().length, 2);
  assert.is(await ring.find(first), undefined);
  clock.advance(10_000);
  reads = 0;
  await Promise.all(Array.from({ length: 50 }, (_, n) => ring.find(`unknown ${n}`)));
  assert.is(reads, 1);
});

test('the one key of the first version signs on', async () => {
  const { clock, vault } = await memoryBackend();
  const exclusively = <T>(_: string, task: () => Promise<T>): Promise<T> => task();
  const old = await signingKeys({ vault, clock, exclusively });
  const pem = JSON.parse((await vault.get('http/signing-keys'))?.reveal().toString() ?? '')[0].pem as string;
  await vault.destroy('http/signing-keys');
  await vault.put('http/signing-key', new Secret(Buffer.from(pem)));
  const ring = await signingKeys({ vault, clock, exclusively });
  assert.is(ring.signer().kid, old.signer().kid);
});

test.run();
