// SPDX-License-Identifier: Apache-2.0
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { memoryBackend, type Plane, plane } from './plane.harness.js';

let one: Plane;
let admin: string;

test.before(async () => {
  one = await plane(await memoryBackend());
  admin = (await one.signIn()).access_token;
});
test.after(() => one.close());

const call = (method: string, path: string, body?: unknown) => one.call(method, path, body, { token: admin });
const emit = async (organization_id: string) =>
  (await call('POST', '/v1/events', { type: 'order.paid', organization_id })).status;

test('nobody emits events of an organization that never was or is gone, whatever right they have', async () => {
  const acme = (await call('POST', '/v1/organizations', { name: 'Acme', slug: 'acme' })).body.id;
  assert.is(await emit(acme), 201);
  assert.is(await emit('00000000-0000-4000-8000-000000000123'), 404);
  assert.is((await call('DELETE', `/v1/organizations/${acme}`)).status, 204);
  assert.is(await emit(acme), 404);
});

test.run();
