// SPDX-License-Identifier: Apache-2.0
/** What a process leaves half done, the next one finishes. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { certificateFact, created } from '../domain/workspace/workspace.fixture.js';
import { Secret, streams, timestamp, uuidv5 } from '../kernel/index.js';
import { event } from '../projections/facts.harness.js';
import { until } from '../test/harness/until.js';
import { ADMIN, memoryBackend, newUser, PASSWORD, type Plane, plane } from './plane.harness.js';

const context = (commandId: string) => ({
  commandId,
  digest: commandId,
  correlationId: 'r',
  causationId: 'r',
  actor: 'system',
});

/** Says a fact of a user in the log and does nothing that follows from it, as a process does that ends there. */
const say = (on: Plane, id: string, command: Parameters<Plane['handlers']['user']['run']>[2]) =>
  on.handlers.user.run(streams.user(id), id, command, context(`say ${command.type} ${id}`), () => undefined);

const at = (on: Plane): string => timestamp(on.clock.now());

test('an erasure that only stands in the log is done by the next process', async () => {
  const backend = await memoryBackend();
  const first = await plane(backend);
  const admin = (await first.signIn()).access_token;
  const ann = await newUser(first, admin, 'ann');
  const made = { name: 'k', scopes: ['read:organizations'] };
  const { key, id } = (await first.call('POST', '/v1/api-keys', made, { token: ann.token })).body;
  const [session] = first.access.sessionsOf(ann.id);
  await first.close();
  await say(first, ann.id, { type: 'erase-user', at: at(first) });

  const next = await plane(backend);
  await until('the vault has forgotten', async () => !(await next.vault.get(`user/${ann.id}/profile`)));
  assert.is(await next.vault.get(`user/${ann.id}/password`), undefined);
  await until('the client too', async () => !(await next.vault.get(`session/${session?.id}`)));
  await until('the key is revoked', () => next.access.key(id) === undefined);
  assert.equal(next.access.sessionsOf(ann.id), []);
  assert.is((await next.call('GET', '/v1/organizations', undefined, { token: key })).status, 401);
  assert.is((await next.call('GET', '/v1/users/me', undefined, { token: ann.token })).status, 401);
  await newUser(next, (await next.signIn()).access_token, 'ann');
  await next.close();
});

test('every session of the disabled is ended, and of a new password those before it', async () => {
  const backend = await memoryBackend();
  const first = await plane(backend);
  const admin = (await first.signIn()).access_token;
  const off = await newUser(first, admin, 'off');
  const changed = await newUser(first, admin, 'changed');
  const back = await newUser(first, admin, 'back');
  const [kept] = first.access.sessionsOf(changed.id);
  await first.signIn(changed.email, PASSWORD);
  await first.close();
  await say(first, off.id, { type: 'update-user', changed: [], isActive: false, at: at(first) });
  await say(first, back.id, { type: 'update-user', changed: [], isActive: false, at: at(first) });
  await first.handlers.user.run(
    streams.user(back.id),
    back.id,
    { type: 'update-user', changed: [], isActive: true, at: at(first) },
    context('back'),
    () => undefined,
  );
  const newPassword = { keptSessionId: kept?.id ?? null };
  await say(first, changed.id, { type: 'update-user', changed: [], newPassword, at: at(first) });

  const next = await plane(backend);
  await until('the disabled one has none', () => next.access.sessionsOf(off.id).length === 0);
  await until(
    'of the other the one that goes on is left',
    () => next.access.sessionsOf(changed.id).length === 1,
  );
  assert.is(next.access.sessionsOf(changed.id)[0]?.id, kept?.id);
  // Under the old version it is worth nothing until it is carried on.
  assert.is((await next.call('GET', '/v1/users/me', undefined, { token: changed.token })).status, 401);
  assert.is((await next.call('GET', '/v1/users/me', undefined, { token: back.token })).status, 200);
  await next.close();
});

test('a session that has expired is ended, and its client forgotten', async () => {
  const backend = await memoryBackend();
  const first = await plane(backend);
  const [session] = await first
    .signIn()
    .then(() => first.access.administrators().flatMap(first.access.sessionsOf));
  assert.ok(await first.vault.get(`session/${session?.id}`));
  await first.close();
  backend.clock.advance(8 * 86_400_000);
  const next = await plane(backend);
  await until('it is ended', async () => !(await next.vault.get(`session/${session?.id}`)));
  await next.close();
});

test('a start that was cut off before there was an administrator is gone on with', async () => {
  const backend = await memoryBackend();
  const first = await plane(backend);
  const [admin = ''] = first.access.administrators();
  await first.close();
  // The same stores as they were before the user was made: the names are reserved, the vault knows, the log does not.
  const again = await memoryBackend(backend.clock);
  for (const id of ['identity/email-key', 'http/signing-keys']) {
    const secret = await backend.vault.get(id);
    assert.ok(secret);
    await again.vault.put(id, secret);
  }
  const email = first.keys.personal.emailStream('admin@example.com');
  for await (const event of backend.events.read(email)) {
    await again.events.append(email, 'none', [event]);
  }
  const next = await plane(again);
  assert.equal(next.access.administrators(), [admin]);
  await next.signIn();
  await next.close();
});

test('the administrator of the first version signs in, and has a user name that nobody else gets', async () => {
  const backend = await memoryBackend();
  const first = await plane(backend);
  const [admin = ''] = first.access.administrators();
  const password = (await backend.vault.get(`user/${admin}/password`))?.reveal().toString();
  await first.close();
  // One record with both, and no user name.
  const old = await memoryBackend(backend.clock);
  const key = await backend.vault.get('identity/email-key');
  assert.ok(key && password);
  await old.vault.put('identity/email-key', key);
  const credential = JSON.stringify({ email: ADMIN.email, password });
  await old.vault.put(`user/${admin}/credential`, new Secret(Buffer.from(credential)));
  for (const stream of [streams.user(admin), first.keys.personal.emailStream(ADMIN.email)]) {
    for await (const event of backend.events.read(stream)) {
      await old.events.append(stream, 'none', [event]);
    }
  }
  const next = await plane(old);
  const token = (await next.signIn()).access_token;
  assert.is((await next.call('GET', '/v1/users/me', undefined, { token })).body.username, 'admin');
  const body = { username: 'Admin', email: 'second@example.com', password: PASSWORD };
  assert.is((await next.call('POST', '/v1/users', body, { token })).status, 409);
  assert.is(await next.vault.get(`user/${admin}/credential`), undefined);
  await next.close();
});

test('the key of an upload that was cut off before its event goes; one that has its event stays', async () => {
  const backend = await memoryBackend();
  const first = await plane(backend);
  const workspaceId = uuidv5('workspace');
  const keep = async (id: string, at: number): Promise<void> => {
    await backend.vault.put(`certificate/${id}`, new Secret(Buffer.from('key')));
    const note = Buffer.from(JSON.stringify({ workspaceId, at }));
    await backend.vault.put(`certificate-unsaid/${id}`, new Secret(note));
  };
  const { certificate } = certificateFact(7, ['a.example.com']).data;
  await first.close();
  const facts = [
    { ...created, data: { workspace: { ...created.data.workspace, id: workspaceId } } },
    { type: 'certificate.uploaded', data: { certificate: { ...certificate, id: uuidv5('said') } } } as const,
  ];
  await backend.events.append(streams.workspace(workspaceId), 'none', facts.map(event));
  const now = backend.clock.now();
  await keep(uuidv5('said'), now);
  await keep(uuidv5('unsaid'), now);
  await keep(uuidv5('young'), now + 3_000_000);
  // One that does not open comes first, and is passed over.
  const note = await backend.vaultStore.get('secrets', `certificate-unsaid/${uuidv5('said')}`);
  const damaged = { ...note, id: 'certificate-unsaid/0' };
  await backend.vaultStore.write([{ kind: 'put', collection: 'secrets', doc: damaged }]);
  backend.clock.advance(3_700_000);
  const next = await plane(backend);
  const notes = () => backend.vault.list('certificate-unsaid/');
  await until('what is old was looked at', async () => (await notes()).length === 2);
  assert.equal(await notes(), ['certificate-unsaid/0', `certificate-unsaid/${uuidv5('young')}`]);
  assert.is(await backend.vault.get(`certificate/${uuidv5('unsaid')}`), undefined);
  for (const kept of ['said', 'young']) {
    assert.ok(await backend.vault.get(`certificate/${uuidv5(kept)}`), kept);
  }
  await next.close();
});

test.run();
