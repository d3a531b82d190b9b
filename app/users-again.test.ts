// SPDX-License-Identifier: Apache-2.0
/** Requests about users that come again under their `Idempotency-Key`. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Unavailable } from '../event-log/index.js';
import { streams } from '../kernel/index.js';
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

test('a change whose event the log did not take is said when it is asked for again', async () => {
  const backend = await memoryBackend();
  let away = false;
  const events: typeof backend.events = {
    ...backend.events,
    append: (stream, expected, appended) =>
      away && appended.some(({ type }) => type === 'user.updated')
        ? Promise.reject(new Unavailable('the log is away'))
        : backend.events.append(stream, expected, appended),
  };
  const two = await plane({ ...backend, events });
  const token = (await two.signIn()).access_token;
  const eva = await newUser(two, token, 'eva');
  const change = (body: object, key: string) =>
    two.call('PATCH', `/v1/users/${eva.id}`, body, { token, headers: { 'idempotency-key': key } });
  const said = async (): Promise<unknown[]> => {
    const found: unknown[] = [];
    for await (const { data, type } of backend.events.read(streams.user(eva.id))) {
      found.push(...(type === 'user.updated' ? [(data as { changed: string[] }).changed] : []));
    }
    return found;
  };
  away = true;
  assert.is((await change({ full_name: 'Eva', username: 'evita' }, 'name')).status, 503);
  away = false;
  assert.equal(await said(), []);
  const [once, again] = [
    await change({ full_name: 'Eva', username: 'evita' }, 'name'),
    await change({ full_name: 'Eva', username: 'evita' }, 'name'),
  ];
  assert.equal([once.status, again.status, once.body.username], [200, 200, 'evita']);
  assert.equal(await said(), [['username', 'full_name']]);
  // Said once: what follows says its own.
  assert.is((await change({ full_name: 'Eva Later' }, 'later')).status, 200);
  assert.equal(await said(), [['username', 'full_name'], ['full_name']]);
  await two.close();
});

test.run();
