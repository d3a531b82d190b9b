// SPDX-License-Identifier: Apache-2.0
/** Users: made, found, changed, shut out and erased. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ADMIN, memoryBackend, newUser, PASSWORD, type Plane, plane } from './plane.harness.js';

let one: Plane;
let admin: string;
let adminId: string;

test.before(async () => {
  one = await plane(await memoryBackend());
  admin = (await one.signIn()).access_token;
  adminId = (await as('GET', '/v1/users/me')).body.id;
});
test.after(() => one.close());

const as = (method: string, path: string, body?: unknown, token = admin, headers = {}) =>
  one.call(method, path, body, { token, headers });
const fieldsOf = (answer: { body: { error: { details: { field: string; code: string }[] } } }): string[] =>
  answer.body.error.details.map(({ field, code }) => `${field} ${code}`);
const advance = (ms: number): void => (one.clock as unknown as { advance(ms: number): void }).advance(ms);

/** Types of the events after a position; the audit signs its chains whenever it is time to. */
async function typesAfter(after: bigint): Promise<string[]> {
  const types: string[] = [];
  for await (const delivery of one.events.subscribe({ after, signal: AbortSignal.timeout(10_000) })) {
    if (delivery.kind === 'caught-up') {
      break;
    }
    types.push(delivery.event.type);
  }
  return types.filter((type) => type !== 'audit.checkpoint_signed');
}

test('the first administrator is one', async () => {
  const { body } = await as('GET', '/v1/users/me');
  assert.is(body.username, 'admin');
  assert.is(body.email, ADMIN.email);
  assert.is(body.is_admin, true);
});

test('what a user must be', async () => {
  const good = { username: 'good', email: 'good@example.com', password: PASSWORD };
  const cases: [object, string[]][] = [
    [{ ...good, password: 'short' }, ['password TOO_SHORT', 'password NO_UPPERCASE', 'password NO_DIGIT']],
    [{ ...good, password: 'NOLOWERCASE1' }, ['password NO_LOWERCASE']],
    [{ ...good, password: `Aa1${'é'.repeat(600)}` }, ['password TOO_LONG']],
    [{ ...good, email: 'no address' }, ['email INVALID_FORMAT']],
    [{ ...good, email: 'a\u202e@b.c' }, ['email INVALID_FORMAT']],
    [{ ...good, username: 'a b' }, ['username INVALID_FORMAT']],
    [{ ...good, username: '../x' }, ['username INVALID_FORMAT']],
    [{ ...good, full_name: 'a\nb' }, ['full_name INVALID_FORMAT']],
    [{ ...good, id: adminId }, ['id UNKNOWN_FIELD']],
    [{ ...good, session_version: 9 }, ['session_version UNKNOWN_FIELD']],
    [{ username: 'x' }, ['email REQUIRED', 'password REQUIRED']],
  ];
  const head = await one.events.head();
  for (const [body, expected] of cases) {
    const answer = await as('POST', '/v1/users', body);
    assert.is(answer.status, 422, JSON.stringify(body));
    assert.equal(fieldsOf(answer).sort(), expected.sort());
  }
  assert.equal(await typesAfter(head), [], 'nothing is written');
});

test('an address and a user name have one user each, however they are written; the same request makes one', async () => {
  const body = { username: 'Twin', email: 'twin@example.com', password: PASSWORD };
  const key = { 'idempotency-key': 'twin' };
  const first = await as('POST', '/v1/users', body, admin, key);
  assert.is(first.status, 201);
  const again = await as('POST', '/v1/users', body, admin, key);
  assert.equal(again.body, first.body);
  const otherBody = await as('POST', '/v1/users', { ...body, email: 'other@example.com' }, admin, key);
  assert.is(otherBody.body.error.code, 'IDEMPOTENCY_MISMATCH');
  assert.is((await as('GET', `/v1/users/${first.body.id}`)).body.email, 'twin@example.com');
  const sameMail = await as('POST', '/v1/users', { ...body, username: 'else', email: 'TWIN@Example.com' });
  assert.is(sameMail.status, 409);
  assert.equal(fieldsOf(sameMail), ['email DUPLICATE']);
  const sameName = await as('POST', '/v1/users', { ...body, username: 'twin', email: 'free@example.com' });
  assert.equal(fieldsOf(sameName), ['username DUPLICATE']);
  // The address of the refused one is not kept from others.
  assert.is(
    (await as('POST', '/v1/users', { ...body, username: 'free', email: 'free@example.com' })).status,
    201,
  );
});

test('twenty at once with one address: one of them gets it', async () => {
  const made = await Promise.all(
    Array.from({ length: 20 }, (_, n) =>
      as('POST', '/v1/users', { username: `race${n}`, email: 'race@example.com', password: PASSWORD }),
    ),
  );
  assert.equal(made.filter(({ status }) => status === 201).length, 1);
  assert.ok(made.every(({ status }) => [201, 409].includes(status)));
});

test('users are searched, sorted and paged by what is allowed', async () => {
  for (const name of ['zoe', 'Yan', 'xi']) {
    await newUser(one, admin, name, { full_name: `Find Me ${name}` });
  }
  const list = async (query: string) => as('GET', `/v1/users?${query}`);
  const names = async (query: string): Promise<string[]> =>
    (await list(query)).body.data.map((user: { username: string }) => user.username);
  assert.equal(await names('search=find%20me&sort=username&order=asc'), ['xi', 'Yan', 'zoe']);
  assert.equal(await names('search=FIND&sort=username&order=desc'), ['zoe', 'Yan', 'xi']);
  assert.equal(await names('search=find&per_page=1&page=2&sort=email'), ['Yan']);
  assert.equal(await names('search=zoe%40example'), ['zoe']);
  assert.equal(await names('search=find'), ['xi', 'Yan', 'zoe'], 'newest first');
  assert.equal(await names('search=nobody-has-this'), []);
  for (const query of [
    'sort=password',
    'sort=constructor',
    'order=up',
    'per_page=101',
    'page=0',
    'x=1',
    'search=a&search=b',
  ]) {
    assert.is((await list(query)).status, 422, query);
  }
});

test('users are for administrators; everybody has their own', async () => {
  const ann = await newUser(one, admin, 'ann');
  for (const [method, path] of [
    ['GET', '/v1/users'],
    ['GET', `/v1/users/${adminId}`],
    ['GET', `/v1/users/${ann.id}`],
    ['POST', '/v1/users'],
    ['PATCH', `/v1/users/${ann.id}`],
    ['DELETE', `/v1/users/${ann.id}`],
    ['POST', '/v1/signing-keys/rotate'],
  ] as const) {
    assert.is((await as(method, path, undefined, ann.token)).status, 403, `${method} ${path}`);
    assert.is((await one.call(method, path)).status, 401);
  }
  for (const field of ['is_admin', 'is_active', 'password', 'id']) {
    const answer = await as('PATCH', '/v1/users/me', { [field]: true }, ann.token);
    assert.equal(fieldsOf(answer), [`${field} UNKNOWN_FIELD`]);
  }
});

test('another address of your own takes your password, which cannot be guessed', async () => {
  const may = await newUser(one, admin, 'may');
  const mine = (body: object, method = 'PATCH', dialect = '') =>
    as(method, `${dialect}/v1/users/me`, body, may.token);
  const email = 'may2@example.com';
  assert.equal(fieldsOf(await mine({ email })), ['current_password REQUIRED']);
  assert.equal(fieldsOf(await mine({ email, current_password: 'Wrong-Horse-1' })), [
    'current_password WRONG_PASSWORD',
  ]);
  const put = { username: 'may', email: 'may@example.com', full_name: 'May' };
  assert.is((await mine(put, 'PUT', '/api')).body.data.full_name, 'May', 'the address that she has');
  assert.is((await mine({ ...put, email }, 'PUT', '/api')).status, 422);
  const key = { 'idempotency-key': 'may' };
  const body = { email, current_password: PASSWORD };
  const done = await as('PATCH', '/v1/users/me', body, may.token, key);
  assert.is(done.body.email, email, done.text);
  assert.equal((await as('PATCH', '/v1/users/me', body, may.token, key)).body, done.body);
  const statuses: number[] = [];
  for (let n = 0; n < 12; n += 1) {
    statuses.push((await mine({ email: `${n}@example.com`, current_password: 'Wrong-Horse-1' })).status);
  }
  assert.ok(statuses.includes(429), statuses.join());
  assert.is((await mine({ full_name: null })).status, 200);
  advance(600_001);
  admin = (await one.signIn()).access_token;
});

test('a change of name and address is for the next sign-in, and the old ones are free', async () => {
  const bob = await newUser(one, admin, 'bob');
  const changed = await as(
    'PATCH',
    '/v1/users/me',
    { username: 'robert', email: 'Robert@example.com', current_password: PASSWORD },
    bob.token,
  );
  assert.is(changed.status, 200, changed.text);
  assert.equal([changed.body.username, changed.body.email], ['robert', 'Robert@example.com']);
  assert.is((await one.call('POST', '/v1/auth/login', { email: bob.email, password: PASSWORD })).status, 401);
  await one.signIn('robert@example.com', PASSWORD);
  await newUser(one, admin, 'bob');
  const got = await as('GET', `/v1/users/${bob.id}`);
  assert.is(got.headers.get('etag'), changed.headers.get('etag'));
  const stale = await as('PATCH', `/v1/users/${bob.id}`, { full_name: 'R' }, admin, { 'if-match': '"0"' });
  assert.is(stale.status, 412);
  assert.is((await one.keys.personal.profile(bob.id))?.full_name, null, 'refused before it was kept');
  const taken = await as('PATCH', `/v1/users/${bob.id}`, { email: ADMIN.email, username: 'rob' });
  assert.equal(fieldsOf(taken), ['email DUPLICATE']);
  assert.is((await as('GET', `/v1/users/${bob.id}`)).body.username, 'robert');
  const upper = await as('PATCH', `/v1/users/${bob.id}`, { username: 'ROBERT' });
  assert.is(upper.body.username, 'ROBERT', 'the same name written otherwise');
});

test('C08: who is disabled is out at once: token, refresh token and key; enabled again, signs in anew', async () => {
  const eve = await newUser(one, admin, 'eve');
  const key = (await as('POST', '/v1/api-keys', { name: 'k', scopes: ['read:organizations'] }, eve.token))
    .body.key;
  const tries = async () => [
    (await as('GET', '/v1/organizations', undefined, eve.token)).status,
    (await as('GET', '/v1/organizations', undefined, key)).status,
  ];
  assert.equal(await tries(), [200, 200]);
  assert.is((await as('PATCH', `/v1/users/${eve.id}`, { is_active: false })).body.is_active, false);
  assert.equal(await tries(), [401, 401]);
  const refresh = () => one.call('POST', '/v1/auth/refresh', { refresh_token: eve.refresh });
  assert.is((await refresh()).status, 401);
  const login = await one.call('POST', '/v1/auth/login', { email: eve.email, password: PASSWORD });
  assert.is(login.body.error.message, 'The address or the password is wrong');
  await as('PATCH', `/v1/users/${eve.id}`, { is_active: true });
  assert.equal(await tries(), [401, 200], 'the sessions are over for good');
  assert.is((await refresh()).status, 401);
  await one.signIn(eve.email, PASSWORD);
});

test('the last administrator stays; of two that go at once, one', async () => {
  const last = async (): Promise<number[]> => [
    (await as('PATCH', `/v1/users/${adminId}`, { is_active: false })).status,
    (await as('PATCH', `/v1/users/${adminId}`, { is_admin: false })).status,
    (await as('DELETE', `/v1/users/${adminId}`)).status,
  ];
  assert.equal(await last(), [409, 409, 409]);
  const second = await newUser(one, admin, 'second', { is_admin: true });
  const disabled = await newUser(one, admin, 'third', { is_admin: true });
  await as('PATCH', `/v1/users/${disabled.id}`, { is_active: false });
  const demote = (id: string) =>
    one.people.accounts
      .change(
        id,
        { is_admin: false },
        {
          commandId: `demote ${id}`,
          digest: 'd',
          correlationId: 'r',
          causationId: 'r',
          actor: 'system',
        },
      )
      .then(
        () => 'done',
        (error: { code: string }) => error.code,
      );
  assert.equal(
    new Set(await Promise.all([demote(adminId), demote(second.id)])),
    new Set(['done', 'CONFLICT']),
  );
  await one.access.fresh(1000);
  const [left] = one.access.administrators();
  const token = left === adminId ? admin : second.token;
  assert.is((await as('PATCH', `/v1/users/${adminId}`, { is_admin: true }, token)).status, 200);
});

test('an administrator sets a password: the user is signed out everywhere', async () => {
  const kim = await newUser(one, admin, 'kim');
  assert.is((await as('PATCH', `/v1/users/${kim.id}`, { password: 'weak' })).status, 422);
  assert.is((await as('PATCH', `/v1/users/${kim.id}`, { password: 'Reset-Horse-1' })).status, 200);
  assert.is((await as('GET', '/v1/users/me', undefined, kim.token)).status, 401);
  await one.signIn(kim.email, 'Reset-Horse-1');
});

test('C16: letters that are composed otherwise are the same password', async () => {
  const nfc = 'Pâssword-1é'.normalize('NFC');
  const uma = await newUser(one, admin, 'uma');
  await as('PATCH', `/v1/users/${uma.id}`, { password: nfc.normalize('NFD') });
  await one.signIn(uma.email, nfc);
  await one.signIn(uma.email, nfc.normalize('NFD'));
  const phc = (await one.vault.get(`user/${uma.id}/password`))?.reveal().toString() ?? '';
  assert.match(phc, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
});

test("the platform's API has users too, in its own envelope", async () => {
  const made = await as('POST', '/api/v1/users', {
    username: 'plat',
    email: 'plat@example.com',
    password: PASSWORD,
  });
  assert.is(made.status, 201, made.text);
  const { id } = made.body.data;
  assert.is(made.body.success, true);
  const path = `/api/v1/users/${id}`;
  const whole = { username: 'plat', email: 'plat@example.com', is_active: false, is_admin: false };
  const named = await as('PUT', path, { ...whole, full_name: 'Plat' });
  assert.equal([named.body.data.is_active, named.body.data.full_name], [false, 'Plat']);
  const unnamed = await as('PUT', path, { ...whole, is_active: true });
  assert.equal([unnamed.body.data.is_active, unnamed.body.data.full_name], [true, null], 'PUT is the whole');
  const part = await as('PUT', path, { is_active: false });
  assert.is(part.status, 422);
  assert.equal(
    part.body.error.details.errors.map((one: { field: string; code: string }) => `${one.field} ${one.code}`),
    ['username REQUIRED', 'email REQUIRED', 'is_admin REQUIRED'],
  );
  assert.is((await as('GET', path)).body.data.is_active, true);
  const list = await as('GET', '/api/v1/users?search=plat&limit=1');
  assert.is(list.status, 200, list.text);
  assert.match(list.text, id);
  assert.is((await as('GET', '/api/v1/users/me')).body.data.username, 'admin');
  assert.is((await as('DELETE', `/api/v1/users/${id}`)).status, 200);
  assert.is((await as('GET', `/api/v1/users/${id}`)).status, 404);
});

test('a reservation that a crash has left is taken over, one that is in use never', async () => {
  const meta = { digest: 'd', correlationId: 'r', causationId: 'r', actor: 'system' };
  const stream = one.keys.personal.emailStream('left@example.com');
  const at = new Date(one.clock.now()).toISOString();
  const userId = '0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b';
  await one.handlers.email.run(
    stream,
    userId,
    { type: 'reserve', userId, at },
    { ...meta, commandId: userId },
    () => 0,
  );
  const body = { username: 'left', email: 'left@example.com', password: PASSWORD };
  assert.is((await as('POST', '/v1/users', body)).status, 409);
  advance(61_000);
  assert.is((await as('POST', '/v1/users', body)).status, 201);
  advance(61_000);
  assert.is((await as('POST', '/v1/users', { ...body, username: 'left2' })).status, 409);
});

test.run();
