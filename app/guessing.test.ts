// SPDX-License-Identifier: Apache-2.0
/** What a stranger learns and gets from trying. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { passwords } from '../commands/index.js';
import { errorMessage, Secret } from '../kernel/index.js';
import { ADMIN, memoryBackend, newUser, PASSWORD, type Plane, plane } from './plane.harness.js';

let one: Plane;
let admin: string;

test.before(async () => {
  one = await plane(await memoryBackend());
  admin = (await one.signIn()).access_token;
});
test.after(() => one.close());

const advance = (ms: number): void => (one.clock as unknown as { advance(ms: number): void }).advance(ms);
const login = (email: string, password: string) =>
  one.call('POST', '/v1/auth/login', { email, password }, { headers: { 'x-request-id': 'same' } });

/** Mann-Whitney's U as a z: far from 0 when one sample tends to be larger. */
function z(a: readonly number[], b: readonly number[]): number {
  let u = 0;
  for (const x of a) {
    for (const y of b) {
      u += x > y ? 1 : x === y ? 0.5 : 0;
    }
  }
  const mean = (a.length * b.length) / 2;
  return (u - mean) / Math.sqrt((a.length * b.length * (a.length + b.length + 1)) / 12);
}

test('C14: an unknown address, a wrong password and a disabled user read the same', async () => {
  const off = await newUser(one, admin, 'off');
  await one.call('PATCH', `/v1/users/${off.id}`, { is_active: false }, { token: admin });
  const answers = [
    await login('nobody@example.com', 'Wrong-Horse-1'),
    await login(ADMIN.email, 'Wrong-Horse-1'),
    await login(off.email, PASSWORD),
    await login(ADMIN.email, `Aa1${'é'.repeat(1000)}`),
  ];
  const shapes = answers.map(({ status, text, headers }) => {
    const names = [...headers.keys()].filter((name) => name !== 'date').sort();
    return JSON.stringify([status, text, names]);
  });
  assert.is(new Set(shapes).size, 1, shapes.join('\n'));
  assert.is(answers[0]?.status, 401);
  advance(600_000);
});

test('who signs in by user name is answered as by address, and learns no more', async () => {
  const body = { username: 'named', email: 'address@example.com', password: PASSWORD };
  assert.is((await one.call('POST', '/v1/users', body, { token: admin })).status, 201);
  const by = (fields: object) =>
    one.call('POST', '/v1/auth/login', fields, { headers: { 'x-request-id': 'same' } });
  for (const username of ['named', 'NAMED', ' named ']) {
    const { status, body: tokens } = await by({ username, password: PASSWORD });
    assert.is(status, 200, username);
    assert.is(
      (await one.call('GET', '/v1/users/me', undefined, { token: tokens.access_token })).body.email,
      body.email,
    );
  }
  const wrong = [
    await by({ username: 'named', password: 'Wrong-Horse-1' }),
    await by({ username: 'nobody', password: 'Wrong-Horse-1' }),
    await by({ username: body.email, password: PASSWORD }),
    await by({ email: 'named', password: PASSWORD }),
    await by({ email: body.email, password: 'Wrong-Horse-1' }),
  ];
  assert.is(new Set(wrong.map(({ status, text }) => `${status} ${text}`)).size, 1, wrong[0]?.text);
  assert.is(wrong[0]?.status, 401);
  for (const [fields, field] of [
    [{ username: 'named', email: body.email, password: PASSWORD }, 'username CONFLICTING_FIELDS'],
    [{ password: PASSWORD }, 'email REQUIRED'],
    [{ username: 'named' }, 'password REQUIRED'],
    [{ username: '', password: PASSWORD }, 'username TOO_SHORT'],
  ] as const) {
    const { status, body: answer } = await by(fields);
    assert.is(status, 422);
    const [detail] = answer.error.details;
    assert.is(`${detail.field} ${detail.code}`, field);
  }
  advance(600_001);
  // Six tries of one network at the user, by whichever name; the right password is then no better than a wrong one.
  for (let n = 0; n < 6; n += 1) {
    const name = n % 2 ? { username: 'named' } : { email: body.email };
    assert.is((await by({ ...name, password: 'Wrong-Horse-1' })).status, 401);
  }
  const used = await by({ username: 'named', password: PASSWORD });
  assert.equal([used.status, used.text], [401, wrong[0]?.text]);
  advance(600_001);
  assert.is((await by({ username: 'named', password: PASSWORD })).status, 200);
  admin = (await one.signIn()).access_token;
});

/** How far two answers are apart in time, over 200 tries each. */
async function apartInTime(): Promise<{ score: number; medians: number }> {
  const known: number[] = [];
  const unknown: number[] = [];
  const time = async (email: string, into: number[]): Promise<void> => {
    // Each try has a window of its own.
    advance(600_001);
    const started = performance.now();
    const { status } = await login(email, 'Wrong-Horse-1');
    into.push(performance.now() - started);
    assert.is(status, 401);
  };
  // In pairs of either order, so that whatever else the machine does meets both alike.
  for (let n = 0; n < 400; n += 1) {
    const first = n % 4 === 0 || n % 4 === 3;
    await (first ? time(ADMIN.email, known) : time('nobody@example.com', unknown));
  }
  const median = (times: number[]): number => times.sort((a, b) => a - b)[times.length >> 1] ?? 0;
  return { score: Math.abs(z(known, unknown)), medians: Math.abs(median(known) / median(unknown) - 1) };
}

test('C14: and take the same time', async () => {
  const isSame = ({ score, medians }: { score: number; medians: number }) => score < 2.58 || medians < 0.02;
  const first = await apartInTime();
  // Of a hundred samples that are the same, one looks as if it were not: it does not twice.
  const second = isSame(first) ? first : await apartInTime();
  advance(600_001);
  admin = (await one.signIn()).access_token;
  assert.ok(isSame(second), JSON.stringify([first, second]));
});

test('C15: ten tries in ten minutes, then 429 for everybody from there, with the time to wait', async () => {
  const victim = await newUser(one, admin, 'victim');
  const statuses: number[] = [];
  for (let n = 0; n < 12; n += 1) {
    const answer = await one.call(
      'POST',
      '/v1/auth/login',
      { email: n % 2 ? victim.email : `n${n}@example.com`, password: 'Wrong-Horse-1' },
      { headers: { 'x-forwarded-for': `10.0.0.${n}` } },
    );
    statuses.push(answer.status);
    if (answer.status === 429) {
      const wait = Number(answer.headers.get('retry-after'));
      assert.ok(wait > 0 && wait <= 600, String(wait));
    }
  }
  assert.equal(statuses, [...Array.from({ length: 10 }, () => 401), 429, 429]);
  assert.is((await login(victim.email, PASSWORD)).status, 429);
  advance(600_001);
  assert.is((await login(victim.email, PASSWORD)).status, 200, 'nobody is shut out for ever');
});

test('C15: the old password of a change cannot be guessed either', async () => {
  admin = (await one.signIn()).access_token;
  const { token } = await newUser(one, admin, 'changer');
  const change = () =>
    one.call(
      'POST',
      '/v1/users/me/change-password',
      { old_password: 'Wrong-Horse-1', new_password: 'New-Horse-1' },
      { token },
    );
  const statuses: number[] = [];
  for (let n = 0; n < 12; n += 1) {
    statuses.push((await change()).status);
  }
  assert.ok(statuses.includes(429), statuses.join());
  assert.ok(statuses.filter((status) => status === 422).length <= 10);
  advance(600_001);
});

test('C16: forty sign-ins at once: two are worked on, the others wait or are told so, and the loop stays free', async () => {
  const pool = passwords();
  let [longest, last] = [0, performance.now()];
  const beat = setInterval(() => {
    longest = Math.max(longest, performance.now() - last - 5);
    last = performance.now();
  }, 5);
  const outcomes = await Promise.all(
    Array.from({ length: 40 }, () => pool.verify(new Secret('Wrong-Horse-1'), undefined).catch(errorMessage)),
  );
  clearInterval(beat);
  assert.is(outcomes.filter((outcome) => outcome === false).length, 34);
  assert.is(outcomes.filter((outcome) => outcome === 'Too many sign-ins at once').length, 6);
  assert.ok(longest < 500, `${longest} ms`);
});

test('C19: there is no secret that is the same in two installations', async () => {
  const other = await plane(await memoryBackend());
  const kids = (on: Plane) => on.keys.signing.published().map(({ kid }) => kid);
  assert.is.not(kids(one)[0], kids(other)[0]);
  const user = await one.signIn();
  const answer = await other.call('GET', '/v1/users/me', undefined, { token: user.access_token });
  assert.is(answer.status, 401);
  const refreshed = await other.call('POST', '/v1/auth/refresh', { refresh_token: user.refresh_token });
  assert.is(refreshed.status, 401);
  assert.is.not(one.keys.personal.emailStream('a@b.c'), other.keys.personal.emailStream('a@b.c'));
  await other.close();
});

test('G09: no secret of these tests stands in a log line', () => {
  assert.ok(one.lines.length > 20);
  assert.not.match(one.lines.join(''), /Horse|nxr_|eyJ|nxm_|\$argon2/);
  assert.not.match(one.lines.join(''), '@example.com');
});

test.run();
