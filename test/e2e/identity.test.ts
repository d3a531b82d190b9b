// SPDX-License-Identifier: Apache-2.0
/** Users, sign-ins and keys against the real process. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { api } from '../harness/api.js';
import { folder } from '../harness/folder.js';
import { ADMIN, type ControlPlane, controlPlane } from '../harness/nxmesh.js';

const dir = folder('identity');
let plane: ControlPlane;

test.before(async () => {
  plane = await controlPlane(dir.path);
});
test.after(async () => {
  await plane.process.end();
  dir.remove();
});

const PASSWORD = 'Correct-Horse-9';

test('a user is made, signs in, and goes on with a refresh token', async () => {
  const ann = await plane.api.ok('POST', '/v1/users', {
    username: 'ann',
    email: 'Ann@example.com',
    password: PASSWORD,
    full_name: 'Ann Example',
  });
  assert.is(ann.username, 'ann');
  assert.is(ann.is_admin, false);
  const anyone = api(plane.url);
  const tokens = await anyone.ok('POST', '/v1/auth/login', { email: 'ann@EXAMPLE.com', password: PASSWORD });
  assert.equal(Object.keys(tokens).sort(), ['access_token', 'expires_in', 'refresh_token', 'token_type']);
  const again = await anyone.ok('POST', '/v1/auth/refresh', { refresh_token: tokens.refresh_token });
  assert.is.not(again.refresh_token, tokens.refresh_token);
  assert.is(ADMIN.email, 'admin@example.com');
});

test.run();
