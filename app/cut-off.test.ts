// SPDX-License-Identifier: Apache-2.0
/** Two processes on one log: who is shut out in one is out in the other within a second. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { EventLog } from '../event-log/index.js';
import { systemTimers } from '../kernel/index.js';
import { memoryBackend, newUser, PASSWORD, type Plane, plane } from './plane.harness.js';

let one: Plane;
let two: Plane;
let admin: string;

/** A log whose followers hear of everything a little later, as those on another machine do. */
const behind = (log: EventLog): EventLog => ({
  ...log,
  subscribe: async function* (options) {
    for await (const delivery of log.subscribe(options)) {
      await systemTimers.sleep(20);
      yield delivery;
    }
  },
});

test.before(async () => {
  const backend = await memoryBackend();
  one = await plane(backend, 'one', true);
  two = await plane({ ...backend, events: behind(backend.events) }, 'two', true);
  admin = (await one.signIn()).access_token;
});
test.after(async () => {
  await Promise.all([one.close(), two.close()]);
});

let count = 0;
const LIMIT_MS = 1000;

/** Does something in the first process and measures how long the second still answers. */
async function until401(shown: string, shutOut: () => Promise<unknown>): Promise<number> {
  const ask = async () => (await two.call('GET', '/v1/organizations', undefined, { token: shown })).status;
  assert.is(await ask(), 200, 'what was just made in one process is good in the other');
  await shutOut();
  const started = performance.now();
  while ((await ask()) !== 401) {
    assert.ok(performance.now() - started < 5 * LIMIT_MS);
  }
  return performance.now() - started;
}

const as = (method: string, path: string, body?: unknown, token = admin) =>
  one.call(method, path, body, { token });

const WAYS: Record<string, (user: Awaited<ReturnType<typeof newUser>>) => Promise<unknown>> = {
  disabled: ({ id }) => as('PATCH', `/v1/users/${id}`, { is_active: false }),
  erased: ({ id }) => as('DELETE', `/v1/users/${id}`),
  'a new password': ({ token }) =>
    as(
      'POST',
      '/v1/users/me/change-password',
      { old_password: PASSWORD, new_password: 'New-Horse-1' },
      token,
    ),
  'signed out': ({ token }) => as('POST', '/v1/auth/logout', undefined, token),
  'sessions ended': ({ id }) => as('DELETE', `/v1/users/${id}/sessions`),
};

for (const [way, shutOut] of Object.entries(WAYS)) {
  test(`C08: ${way}`, async () => {
    const user = await newUser(one, admin, `user${++count}`);
    const ms = await until401(user.token, () => shutOut(user));
    assert.ok(ms < LIMIT_MS, `${ms} ms`);
  });
}

test('C08: a key that is revoked', async () => {
  const { id, key } = (await as('POST', '/v1/api-keys', { name: 'k', scopes: ['read:organizations'] })).body;
  const ms = await until401(key, () => as('DELETE', `/v1/api-keys/${id}`));
  assert.ok(ms < LIMIT_MS, `${ms} ms`);
});

test('the same user changed in both processes at once loses nothing', async () => {
  const user = await newUser(one, admin, 'both');
  const change = (on: Plane, body: object) =>
    on.call('PATCH', `/v1/users/${user.id}`, body, { token: admin });
  await Promise.all([change(one, { full_name: 'Both' }), change(two, { email: 'both2@example.com' })]);
  const { body } = await two.call('GET', `/v1/users/${user.id}`, undefined, { token: admin });
  assert.equal([body.full_name, body.email], ['Both', 'both2@example.com']);
});

test('one refresh token in both processes at once gives one answer', async () => {
  const user = await newUser(one, admin, 'twice');
  const answers = await Promise.all(
    [one, two, one, two].map((on) => on.call('POST', '/v1/auth/refresh', { refresh_token: user.refresh })),
  );
  assert.equal(
    answers.map(({ status }) => status),
    [200, 200, 200, 200],
  );
  assert.is(new Set(answers.map(({ body }) => body.refresh_token)).size, 1);
});

test.run();
