// SPDX-License-Identifier: Apache-2.0
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { NxError } from '../kernel/index.js';
import { networkOf } from '../kernel/index.js';
import { movableClock, startApp } from './http.harness.js';
import { loginLimiter } from './login-limit.js';
import { rateLimiter } from './rate-limit.js';
import { route } from './route.js';
import { sampleRoutes } from './sample-routes.harness.js';

test('so many in a window, then none until it ends; keys do not touch each other', () => {
  const clock = movableClock();
  const limiter = rateLimiter({ clock, limit: 3, windowMs: 1000 });
  assert.equal(
    [1, 2, 3, 4, 5].map(() => limiter.take('a')).map(({ allowed, remaining }) => [allowed, remaining]),
    [
      [true, 2],
      [true, 1],
      [true, 0],
      [false, 0],
      [false, 0],
    ],
  );
  assert.is(limiter.take('b').allowed, true);
  clock.advance(1001);
  assert.is(limiter.take('a').remaining, 2);
});

test('memory is bounded: the oldest windows are forgotten', () => {
  const clock = movableClock();
  const limiter = rateLimiter({ clock, limit: 1, windowMs: 1000, maxKeys: 100 });
  for (let index = 0; index < 1000; index += 1) {
    limiter.take(`key-${index}`);
  }
  assert.is(limiter.peek('key-999').allowed, false);
  assert.is(limiter.peek('key-901').allowed, false);
  assert.is(limiter.peek('key-0').allowed, true);
});

const allowed = (action: () => unknown): boolean => {
  try {
    action();
    return true;
  } catch (error) {
    assert.is((error as NxError).code, 'RATE_LIMITED');
    return false;
  }
};

const tries = (count: number, action: (index: number) => unknown): number =>
  Array.from({ length: count }, (_, index) => allowed(() => action(index))).filter(Boolean).length;

test('C15: guessing is limited for a network, for an account, and for both at once', () => {
  const at = () => loginLimiter({ clock: movableClock() });
  const one = at();
  assert.is(
    tries(1000, () => one.attempt('a@b.c', '10.0.0.1')),
    6,
    'one account, one network',
  );
  const spray = at();
  assert.is(
    tries(1000, (index) => spray.attempt(`${index}@b.c`, '10.0.0.1')),
    10,
    'one network, many accounts',
  );
  const botnet = at();
  assert.is(
    tries(1000, (index) => botnet.attempt('a@b.c', `10.0.${index >> 8}.${index & 255}`)),
    10,
    'many networks',
  );
  const cased = at();
  assert.is(
    tries(100, (index) => cased.attempt(index % 2 ? 'A@b.c ' : 'a@B.c', `10.0.0.${index}`)),
    10,
  );
});

test('C15: an address is one account however its letters are composed', () => {
  const limiter = loginLimiter({ clock: movableClock() });
  const spellings = ['z\u00e9\u00e9@b.c', 'ze\u0301e\u0301@b.c', 'z\u00e9e\u0301@b.c'];
  assert.is(
    tries(100, (index) => limiter.attempt(spellings[index % 3] ?? '', `10.0.0.${index}`)),
    10,
  );
});

test('C15: who is guessed at from one network still gets in from another; after the window everyone does', () => {
  const clock = movableClock();
  const limiter = loginLimiter({ clock });
  tries(1000, () => limiter.attempt('a@b.c', '10.0.0.1'));
  assert.ok(allowed(() => limiter.attempt('a@b.c', '10.0.0.2')));
  assert.not.ok(allowed(() => limiter.attempt('a@b.c', '10.0.0.1')));
  clock.advance(600_001);
  assert.ok(allowed(() => limiter.attempt('a@b.c', '10.0.0.1')));
});

test('a right password costs no try', () => {
  const limiter = loginLimiter({ clock: movableClock() });
  assert.is(
    tries(100, () => limiter.attempt('a@b.c', '10.0.0.1').succeeded()),
    100,
  );
});

test('the network is an IPv4 address or an IPv6 /64', () => {
  for (const [address, network] of [
    ['10.1.2.3', '10.1.2.3'],
    ['::ffff:10.1.2.3', '10.1.2.3'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::1', '2001:db8:1:2::/64'],
    ['2001:0db8:0001:0002:ffff::', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    [undefined, 'unknown'],
  ] as const) {
    assert.is(networkOf(address), network, address);
  }
});

test('the general limit: headers on every answer, 429 with Retry-After, by user and not by forwarded address', async () => {
  const app = await startApp(sampleRoutes().routes, { rateLimit: { limit: 5, windowMs: 60_000 } });
  const [first, second] = [await app.user(), await app.user()];
  const call = (token: string, index: number) =>
    app.call('GET', '/v1/organizations', { token, headers: { 'x-forwarded-for': `10.0.0.${index}` } });
  const answers = [];
  for (let index = 0; index < 7; index += 1) {
    answers.push(await call(first.token, index));
  }
  assert.equal(
    answers.map((answer) => [answer.status, answer.headers['x-ratelimit-remaining']]),
    [
      [200, '4'],
      [200, '3'],
      [200, '2'],
      [200, '1'],
      [200, '0'],
      [429, '0'],
      [429, '0'],
    ],
  );
  const last = answers.at(-1);
  assert.is(last?.json.error.code, 'RATE_LIMITED');
  assert.ok(Number(last?.headers['retry-after']) >= 1 && Number(last?.headers['retry-after']) <= 60);
  assert.is(last?.headers['x-ratelimit-limit'], '5');
  assert.is(last?.headers['x-ratelimit-window'], '60');
  const reset = Number(last?.headers['x-ratelimit-reset']) - Date.now() / 1000;
  assert.ok(reset > 0 && reset <= 61);
  assert.is((await call(second.token, 0)).status, 200);
  app.clock.advance(60_001);
  assert.is((await call(first.token, 0)).status, 200);
  await app.close();
});

test('the limit is told in both ways, with the name of what is counted', async () => {
  const app = await startApp(sampleRoutes().routes);
  const { token } = await app.user();
  const answer = await app.call('GET', '/v1/organizations', { token });
  assert.is(answer.headers['ratelimit-policy'], '"principal";q=100000;w=60');
  assert.match(String(answer.headers['ratelimit']), /^"principal";r=\d+;t=(60|59)$/);
  const nobody = await app.call('GET', '/v1/organizations');
  assert.is(nobody.headers['ratelimit-policy'], '"network";q=1000;w=60');
  await app.close();
});

test('bad credentials, none, and paths that are not there count for the network; good ones pass all the same', async () => {
  const few = await startApp(sampleRoutes().routes, { networkLimit: { limit: 4, windowMs: 60_000 } });
  const good = await few.user();
  const path = '/v1/organizations';
  const statuses = [
    (await few.call('GET', path, { token: 'bad' })).status,
    (await few.call('GET', path)).status,
    (await few.call('GET', '/v1/nothing')).status,
    (await few.call('PUT', path)).status,
    (await few.call('GET', path, { token: 'bad' })).status,
    (await few.call('GET', '/v1/nothing')).status,
  ];
  assert.equal(statuses, [401, 401, 404, 405, 429, 429]);
  const refused = await few.call('GET', path, { token: 'bad' });
  assert.is(refused.json.error.code, 'RATE_LIMITED');
  assert.ok(Number(refused.headers['retry-after']) > 0);
  assert.is((await few.call('GET', path, { token: good.token })).status, 200);
  few.clock.advance(60_001);
  assert.is((await few.call('GET', path, { token: 'bad' })).status, 401);
  await few.close();
});

test('bad credentials count also where good ones do not', async () => {
  const probe = route({
    method: 'GET',
    path: '/v1/probe',
    operationId: 'probe',
    summary: 'Not counted',
    tag: 'meta',
    permission: 'organization.list',
    success: { status: 200 },
    limited: false,
    handler: () => ({ body: {} }),
  });
  const few = await startApp([probe], { networkLimit: { limit: 2, windowMs: 60_000 } });
  const good = await few.user();
  const statuses: number[] = [];
  for (const token of ['bad', 'bad', 'bad', good.token]) {
    statuses.push((await few.call('GET', probe.path, { token })).status);
  }
  assert.equal(statuses, [401, 401, 429, 200]);
  await few.close();
});

test('bad refresh tokens are counted for their network, and apart from passwords', () => {
  const limiter = loginLimiter({ clock: movableClock() });
  assert.is(
    tries(20, () => limiter.badToken('10.0.0.1')),
    10,
  );
  limiter.badToken('10.0.0.2');
  limiter.attempt('a@b.c', '10.0.0.1');
});

test('C15: an account is tried ten times at most, from whatever networks', () => {
  const limiter = loginLimiter({ clock: movableClock() });
  const guess = (network: string) => () => limiter.attempt('a@b.c', network);
  assert.is(tries(9, guess('10.0.0.1')), 6);
  assert.is(tries(9, guess('10.0.0.2')), 4);
  assert.is(tries(9, guess('10.0.0.1')), 0);
  assert.is(tries(9, guess('10.0.0.3')), 0);
  const written = loginLimiter({ clock: movableClock() });
  const josé = ['jose\u0301@b.c', 'jos\u00e9@b.c', 'JOS\u00c9@b.c'];
  assert.is(
    tries(100, (index) => written.attempt(josé[index % 3] ?? '', `10.0.0.${index}`)),
    10,
    'however it is written',
  );
});

test('C15: strangers from many networks do not use up the tries of a network that the owner has signed in from', () => {
  const limiter = loginLimiter({ clock: movableClock() });
  limiter.attempt('a@b.c', '10.0.0.1').succeeded();
  const strangers = tries(1000, (index) => limiter.attempt('a@b.c', `10.1.0.${index & 255}`));
  assert.is(strangers, 8);
  assert.is(
    tries(9, () => limiter.attempt('a@b.c', '10.0.0.1')),
    2,
    'and all of them are ten',
  );
  limiter.attempt('b@b.c', '10.1.0.7');
});

test("C15: tries from a network that the owner has signed in from are none of the strangers'", () => {
  const limiter = loginLimiter({ clock: movableClock() });
  limiter.attempt('a@b.c', '10.0.0.1').succeeded();
  assert.is(
    tries(100, () => limiter.attempt('a@b.c', '10.0.0.1')),
    6,
  );
  assert.is(
    tries(100, (index) => limiter.attempt('a@b.c', `10.1.0.${index}`)),
    4,
    'what is left of ten',
  );
});

test('C15: an account that goes by several names has no more tries than one, and nobody is told', () => {
  const limiter = loginLimiter({ clock: movableClock() });
  const right = Array.from({ length: 20 }, (_, index) =>
    limiter.attempt(index % 2 ? 'address' : 'name', `10.0.0.${index}`).on('user'),
  );
  assert.is(right.filter(Boolean).length, 10);
  assert.is(right.lastIndexOf(true), 9);
  assert.not.ok(allowed(() => limiter.attempt('name', '10.0.1.1')));
  const other = loginLimiter({ clock: movableClock() });
  const attempt = other.attempt('address', '10.0.0.1');
  attempt.on('user');
  attempt.succeeded();
  const strangers = Array.from({ length: 100 }, (_, index) =>
    other.attempt(`${index}`, `10.1.0.${index}`).on('user'),
  );
  assert.is(strangers.filter(Boolean).length, 8, 'the account knows the network, whatever it was called');
  assert.ok(other.attempt('name', '10.0.0.1').on('user'));
});

test.run();
