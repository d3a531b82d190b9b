// SPDX-License-Identifier: Apache-2.0
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { memoryBackend, newUser, plane } from './plane.harness.js';

test('one damaged record of the vault keeps nobody from the list of the others', async () => {
  const backend = await memoryBackend();
  const first = await plane(backend);
  const admin = (await first.signIn()).access_token;
  const damaged = await newUser(first, admin, 'damaged');
  await newUser(first, admin, 'whole');
  await first.close();
  const other = await backend.vaultStore.get('secrets', `user/${damaged.id}/password`);
  assert.ok(other);
  const doc = { ...other, id: `user/${damaged.id}/profile` };
  await backend.vaultStore.write([{ kind: 'put', collection: 'secrets', doc }]);

  const next = await plane(backend);
  const { access_token: token } = await next.signIn();
  const listed = await next.call('GET', '/v1/users', undefined, { token });
  assert.is(listed.status, 200, listed.text);
  const names = listed.body.data.map((one: { username: string }) => one.username);
  assert.ok(names.includes('whole') && !names.includes('damaged'), names.join());
  assert.match(next.lines.join(''), 'tampered');
  await next.close();
});

test.run();
