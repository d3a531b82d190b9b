// SPDX-License-Identifier: Apache-2.0
/** Requests about users that come again under their `Idempotency-Key`. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { memoryBackend, newUser, type Plane, plane } from './plane.harness.js';

let one: Plane;
let admin: string;

test.before(async () => {
  one = await plane(await memoryBackend());
  admin = (await one.signIn()).access_token;
});
test.after(() => one.close());

const as = (method: string, path: string, body?: unknown, token = admin, headers = {}) =>
  one.call(method, path, body, { token, headers });

test('a change that is asked for again is answered as the first time, though its If-Match is of before', async () => {
  const ida = await newUser(one, admin, 'ida');
  const path = `/v1/users/${ida.id}`;
  const etag = String((await one.call('GET', path, undefined, { token: admin })).headers.get('etag'));
  const change = (full_name: string, key: string) =>
    as('PATCH', path, { full_name }, admin, { 'if-match': etag, 'idempotency-key': key });
  const first = await change('Ida', 'once');
  const again = await change('Ida', 'once');
  assert.equal([first.status, again.status], [200, 200]);
  assert.equal(again.body, first.body);
  assert.is((await change('Other', 'twice')).status, 412);
  assert.is((await as('GET', path)).body.full_name, 'Ida');
});

test('a request that was answered before takes nothing back that came since', async () => {
  const una = await newUser(one, admin, 'una');
  const path = `/v1/users/${una.id}`;
  const keyed = (body: object, key: string) => as('PATCH', path, body, admin, { 'idempotency-key': key });
  const [old, later] = ['Old-Password-1', 'Later-Password-1'];
  const first = [await keyed({ full_name: 'Una' }, 'name'), await keyed({ password: old }, 'password')];
  assert.equal(
    first.map(({ status }) => status),
    [200, 200],
  );
  assert.is((await as('PATCH', path, { full_name: 'Una Later', password: later })).status, 200);
  const again = [await keyed({ full_name: 'Una' }, 'name'), await keyed({ password: old }, 'password')];
  assert.equal(
    again.map(({ status }) => status),
    [200, 200],
  );
  assert.is((await as('GET', path)).body.full_name, 'Una Later');
  assert.is((await one.keys.personal.profile(una.id))?.full_name, 'Una Later');
  await one.signIn(una.email, later);
  // Refused: nothing of it is kept.
  assert.is((await keyed({ full_name: 'Other' }, 'name')).body.error.code, 'IDEMPOTENCY_MISMATCH');
  assert.is((await one.keys.personal.profile(una.id))?.full_name, 'Una Later');
  assert.is((await keyed({ email: 'taken@example.com' }, 'name')).body.error.code, 'IDEMPOTENCY_MISMATCH');
  await newUser(one, admin, 'taken');
});

test.run();
