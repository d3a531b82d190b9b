// SPDX-License-Identifier: Apache-2.0
/** Signing in, staying in and going out, with everything that must not work. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { until } from '../test/harness/until.js';
import { type Call, memoryBackend, newUser, PASSWORD, type Plane, plane } from './plane.harness.js';

let one: Plane;
let admin: string;
let count = 0;

test.before(async () => {
  one = await plane(await memoryBackend());
});
// Bad tokens are counted for ten minutes.
test.before.each(async () => {
  advance(600_001);
  admin = (await one.signIn()).access_token;
});
test.after(() => one.close());

const someone = () => newUser(one, admin, `user${++count}`);
const me = async (token: string): Promise<number> =>
  (await one.call('GET', '/v1/users/me', undefined, { token })).status;
const refresh = (token: string, headers: Call['headers'] = {}) =>
  one.call('POST', '/v1/auth/refresh', { refresh_token: token }, { headers });
const advance = (ms: number): void => (one.clock as unknown as { advance(ms: number): void }).advance(ms);

test('an answer of a login is what the specification shows', async () => {
  const { email } = await someone();
  const { status, body } = await one.call('POST', '/v1/auth/login', { email, password: PASSWORD });
  assert.is(status, 200);
  assert.equal(Object.keys(body), ['access_token', 'refresh_token', 'expires_in', 'token_type']);
  assert.is(body.expires_in, 900);
  assert.is(body.token_type, 'Bearer');
});

test('every refresh gives another token, and the one before is used up', async () => {
  const user = await someone();
  const seen = new Set([user.refresh]);
  let token = user.refresh;
  for (let n = 0; n < 3; n += 1) {
    advance(60_000);
    const { status, body } = await refresh(token);
    assert.is(status, 200);
    token = body.refresh_token;
    seen.add(token);
    assert.is(await me(body.access_token), 200);
  }
  assert.is(seen.size, 4);
});

test('C10: a token that was used up ends its whole family, and says so in the log', async () => {
  const user = await someone();
  const second = (await refresh(user.refresh)).body;
  advance(11_000);
  assert.is((await refresh(user.refresh)).status, 401);
  assert.is((await refresh(second.refresh_token)).status, 401);
  assert.is(await me(second.access_token), 401, 'its access token is cut off too');
  const session = JSON.parse(Buffer.from(second.access_token.split('.')[1], 'base64url').toString()).sid;
  const reasons: string[] = [];
  for await (const event of one.events.read(`session-${session}`)) {
    reasons.push(event.type === 'session.ended' ? event.data.reason : event.type);
  }
  assert.equal(reasons, ['session.started', 'session.refreshed', 'reuse_detected']);
});

test('an answer that was lost is given again to the same client for ten seconds, and to no other', async () => {
  const user = await someone();
  const first = (await refresh(user.refresh)).body.refresh_token;
  const retry = (await refresh(user.refresh)).body.refresh_token;
  assert.is(retry, first);
  const [a, b] = await Promise.all([refresh(first), refresh(first)]);
  assert.is(a.status, 200);
  assert.is(a.body.refresh_token, b.body.refresh_token);
  const thief = await refresh(first, { 'user-agent': 'thief/1.0' });
  assert.is(thief.status, 401);
  assert.is((await refresh(a.body.refresh_token)).status, 401);
});

test('a session that is not refreshed for seven days is over, one of thirty days in any case', async () => {
  const idle = await someone();
  advance(7 * 86_400_000 + 1000);
  assert.is((await refresh(idle.refresh)).status, 401);
  admin = (await one.signIn()).access_token;
  const busy = await someone();
  let token = busy.refresh;
  let days = 0;
  for (; days < 40; days += 5) {
    const { status, body } = await refresh(token);
    if (status !== 200) {
      break;
    }
    token = body.refresh_token;
    advance(5 * 86_400_000);
  }
  assert.is(days, 30);
  admin = (await one.signIn()).access_token;
});

test('tokens that are none of ours', async () => {
  const user = await someone();
  const [, session = '', generation = '', secret = ''] = user.refresh.split('_');
  for (const token of [
    'x',
    user.token,
    `nxr_${session}_${generation}_${secret.slice(0, -1)}A`,
    `nxr_${session}_1_${secret}`,
    `nxr_${session}_99999999999_${secret}`,
    `${user.refresh} `,
    `nxr_${'-'.repeat(36)}_0_${secret}`,
  ]) {
    const { status, body } = await refresh(token);
    assert.is(status, 401, token);
    assert.is(body.error.message, 'The refresh token is not valid');
  }
  assert.is(await me(user.refresh), 401, 'a refresh token is no access token');
  assert.is((await one.call('POST', '/v1/auth/refresh', {})).status, 401);
  assert.is((await one.call('POST', '/v1/auth/refresh', { refresh_token: 1 })).status, 422);
  assert.is((await refresh(user.refresh)).status, 200, 'none of it has ended the session');
});

test('bad tokens are limited for their network; a good one is good all the same, and so is a password', async () => {
  const user = await someone();
  const statuses: number[] = [];
  for (let n = 0; n < 12; n += 1) {
    statuses.push((await refresh('x')).status);
  }
  assert.equal(statuses, [...Array.from({ length: 10 }, () => 401), 429, 429]);
  assert.ok(Number((await refresh('x')).headers.get('retry-after')) > 0);
  assert.is((await refresh(user.refresh)).status, 200);
  await one.signIn(user.email, PASSWORD);
});

test('C13: after a logout neither token is worth anything', async () => {
  const user = await someone();
  assert.is((await one.call('POST', '/v1/auth/logout', undefined, { token: user.token })).status, 204);
  assert.is(await me(user.token), 401);
  assert.is((await refresh(user.refresh)).status, 401);
});

test('C12: the cookie has the flags, and is taken from our own pages only', async () => {
  const user = await someone();
  const login = await one.call('POST', '/v1/auth/login', {
    email: user.email,
    password: PASSWORD,
    cookie: true,
  });
  assert.is(login.body.refresh_token, undefined);
  const set = login.headers.get('set-cookie') ?? '';
  assert.match(
    set,
    /^__Host-nxmesh_refresh=nxr_[^;]+; Max-Age=\d+; Path=\/; Secure; HttpOnly; SameSite=Strict$/,
  );
  const cookie = set.split(';')[0] ?? '';
  const origin = one.server.url;
  const post = (headers: Record<string, string>, body: unknown = {}) =>
    one.call('POST', '/v1/auth/refresh', body, { headers: { cookie, ...headers } });
  const refusals: [string, Record<string, string>, unknown?][] = [
    ['no origin', {}],
    ['a foreign origin', { origin: 'https://evil.example' }],
    ['an origin that begins alike', { origin: `${origin}.evil.example` }],
    ['an origin that ends alike', { origin: `https://evil.example@${new URL(origin).host}` }],
    ['null', { origin: 'null' }],
    ['another port', { origin: origin.replace(/:\d+$/, ':1') }],
    ['said to be cross-site', { origin, 'sec-fetch-site': 'cross-site' }],
    ['said to be same-site', { origin, 'sec-fetch-site': 'same-site' }],
    ['text/plain', { origin, 'content-type': 'text/plain' }, '{}'],
    ['a form', { origin, 'content-type': 'application/x-www-form-urlencoded' }, 'a=b'],
  ];
  for (const [what, headers, body] of refusals) {
    const { status } = await post(headers, body);
    assert.ok([403, 415].includes(status), `${what}: ${status}`);
  }
  const noBody = await one.call('POST', '/v1/auth/refresh', undefined, { headers: { cookie, origin } });
  assert.is(noBody.status, 403, 'without a type of content');
  const good = await post({ origin, 'sec-fetch-site': 'same-origin' });
  assert.is(good.status, 200);
  assert.is(good.body.refresh_token, undefined);
  assert.match(good.headers.get('set-cookie') ?? '', '__Host-nxmesh_refresh=nxr_');
  const out = await one.call('POST', '/v1/auth/logout', undefined, {
    token: good.body.access_token,
    headers: { cookie },
  });
  assert.match(out.headers.get('set-cookie') ?? '', 'Max-Age=0');
});

test('C09: a new password ends the other sessions; the one that asked goes on', async () => {
  const user = await someone();
  const other = await one.signIn(user.email, PASSWORD);
  const change = (old_password: string, new_password: string) =>
    one.call('POST', '/v1/users/me/change-password', { old_password, new_password }, { token: user.token });
  const wrong = await change('Wrong-Horse-1', 'New-Horse-2026');
  assert.is(wrong.status, 422);
  assert.is(wrong.body.error.details[0].field, 'old_password');
  const weak = await change(PASSWORD, 'short');
  assert.equal(
    weak.body.error.details.map((one: { field: string; code: string }) => `${one.field} ${one.code}`),
    ['new_password TOO_SHORT', 'new_password NO_UPPERCASE', 'new_password NO_DIGIT'],
  );
  assert.is(await me(other.access_token), 200);
  const done = await change(PASSWORD, 'New-Horse-2026');
  assert.is(done.status, 200, done.text);
  assert.is(await me(other.access_token), 401);
  assert.is((await refresh(other.refresh_token)).status, 401);
  assert.is(await me(user.token), 401, 'the access token of the old version');
  assert.is(await me(done.body.access_token), 200);
  assert.is((await refresh(done.body.refresh_token)).status, 200);
  assert.is(
    (await one.call('POST', '/v1/auth/login', { email: user.email, password: PASSWORD })).status,
    401,
  );
  await one.signIn(user.email, 'New-Horse-2026');
});

test('sessions are listed with where they came from, and ended one by one', async () => {
  const user = await someone();
  const other = await one.call(
    'POST',
    '/v1/auth/login',
    { email: user.email, password: PASSWORD },
    { headers: { 'user-agent': 'phone\u00e9/2' } },
  );
  const list = async (token: string, query = '') =>
    await one.call('GET', `/v1/sessions${query}`, undefined, { token });
  const { body } = await list(user.token);
  assert.is(body.meta.total, 2);
  const [phone, first] = body.data;
  assert.is(phone.client.user_agent, 'phone?/2');
  assert.is(phone.client.network, '127.0.0.1');
  assert.equal([phone.current, first.current], [false, true]);
  const stranger = await someone();
  const end = (id: string, token: string) => one.call('DELETE', `/v1/sessions/${id}`, undefined, { token });
  assert.is((await end(phone.id, stranger.token)).status, 404);
  assert.is((await list(stranger.token, `?user_id=${user.id}`)).status, 404);
  assert.is((await list(admin, `?user_id=${user.id}`)).body.meta.total, 2);
  assert.is((await end(phone.id, user.token)).status, 204);
  assert.is(await me(other.body.access_token), 401);
  assert.is((await end(phone.id, user.token)).status, 404);
  assert.is((await end(first.id, admin)).status, 204, 'by an administrator');
  assert.is(await me(user.token), 401);
  await until(
    'what was known of the client is gone',
    async () => !(await one.vault.get(`session/${phone.id}`)),
  );
});

test('more sessions than fifty push out the oldest', async () => {
  const user = await someone();
  const { rights } = one.access;
  for (let n = 0; n < 50; n += 1) {
    await one.people.sessions.start(
      user.id,
      rights(user.id)?.sessionVersion ?? 0,
      { user_agent: null, network: 'n' },
      'r',
    );
  }
  assert.is(await me(user.token), 401);
  assert.is(one.access.sessionsOf(user.id).length, 50);
});

test('an administrator ends every session of a user', async () => {
  const user = await someone();
  const path = `/v1/users/${user.id}/sessions`;
  assert.is((await one.call('DELETE', path, undefined, { token: user.token })).status, 403);
  assert.is((await one.call('DELETE', path, undefined, { token: admin })).status, 204);
  assert.is(await me(user.token), 401);
  const nobody = path.replace(user.id, '11111111-1111-4111-8111-111111111111');
  assert.is((await one.call('DELETE', nobody, undefined, { token: admin })).status, 404);
});

test.run();
