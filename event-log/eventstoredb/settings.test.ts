// SPDX-License-Identifier: Apache-2.0
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { testCertificate } from '../../nginx/certificate.harness.js';
import { startDouble } from '../../test/eventstoredb/index.js';
import { folder } from '../../test/harness/folder.js';
import { failure, newStream, QUICK, rawEvents, readAll } from './double.harness.js';
import { AccessRefused, EventStoreDbSettingsError, eventStoreDbLog } from './index.js';
import { readAccess } from './settings.js';

const test = suite('eventstoredb: settings');
const files = folder('eventstoredb');
const file = (name: string, text: string): string => {
  const path = join(files.path, name);
  writeFileSync(path, text);
  return path;
};
test.after(() => files.remove());

for (const [connectionString, why] of [
  ['http://127.0.0.1:2113', /of the form esdb/],
  ['esdb://', /of the form esdb/],
  ['esdb://host:2113', /a user and a password are needed/],
  ['esdb://user:@host', /user:password/],
  ['esdb://user@host', /user:password/],
  ['esdb://user:%zz@host', /percent-encoded/],
  ['esdb://host?tls=no', /tls .* is true or false/],
  ['esdb://host?tls=false&tlsVerifyCert=false', /must not hold tlsVerifyCert/],
  ['esdb://host?tls=false&nodePreference=follower', /to the leader/],
  ['esdb://host?tls=false&throwOnAppendFailure=false', /must be an error/],
  ['esdb://host?tls=false&defaultDeadline=1', /a deadline of its own/],
  ['esdb://host?tls=false&tlss=true', /unknown key tlss/],
  ['esdb://u:p@host:port', /port number/],
  ['esdb://u:p@ho st', /of the form esdb/],
  ['esdb://u:p@host?tlsCAFile=/nowhere/ca.pem', /certificate file/],
] as const) {
  test(`refuses ${connectionString}`, async () => {
    const error = await failure(eventStoreDbLog({ connectionString }));
    assert.instance(error, EventStoreDbSettingsError);
    assert.match(error.message, why);
  });
}

test('no error and no printed setting shows a password', async () => {
  const secret = 'hunter2-%40-canary';
  const errors = await Promise.all(
    [
      `esdb://user:${secret}@host:1:2`,
      `esdb://user:${secret}@host?tlsCAFile=/nowhere`,
      `esdb://user:${secret}@host?x=1`,
      `nonsense://user:${secret}@host`,
    ].map((connectionString) => failure(eventStoreDbLog({ connectionString }))),
  );
  assert.is(errors.length, 4);
  for (const error of errors) {
    assert.not.match(inspect(error), 'canary');
  }
  const access = await readAccess({ connectionString: `esdb://user:${secret}@host` });
  assert.not.match(inspect(access), 'canary');
  assert.is(access.credentials.reveal().password, 'hunter2-@-canary');
  assert.is(access.connectionString, 'esdb://host');
});

test('takes the password from a file, which wins over the connection string', async () => {
  const passwordFile = file('password', 'from:the@file\r\n');
  const access = await readAccess({ connectionString: 'esdb://a:b@host', username: 'nx', passwordFile });
  assert.equal(access.credentials.reveal(), { username: 'nx', password: 'from:the@file' });
});

test('says what is wrong with the file', async () => {
  const connectionString = 'esdb://host';
  for (const [settings, why] of [
    [{ username: 'nx' }, /come together/],
    [{ passwordFile: file('lonely', 'x') }, /come together/],
    [{ username: 'nx', passwordFile: join(files.path, 'missing') }, /cannot be read.*ENOENT/],
    [{ username: 'nx', passwordFile: file('empty', '\n') }, /is empty/],
  ] as const) {
    const error = await failure(readAccess({ connectionString, ...settings }));
    assert.instance(error, EventStoreDbSettingsError);
    assert.match(error.message, why);
  }
});

test('over TLS, every call brings the user and the password, and the server must be who it says', async () => {
  const pair = await testCertificate('localhost');
  const ca = file('ca.pem', pair.certificate);
  const node = await startDouble({ tls: { key: pair.key, cert: pair.certificate }, login: 'nx:secret' });
  const passwordFile = file('secret', 'secret');
  const at = `esdb://localhost:${node.port}`;
  const connectionString = `${at}?tlsCAFile=${ca}`;
  const log = await eventStoreDbLog({ connectionString, username: 'nx', passwordFile });
  const stream = newStream();
  await log.append(stream, 'none', rawEvents(2));
  assert.is((await readAll(log, stream)).length, 2);
  for await (const delivery of log.subscribe({ after: 0n, signal: AbortSignal.timeout(10_000) })) {
    if (delivery.kind === 'caught-up') {
      break;
    }
  }
  const methods = new Set(node.calls.map((call) => call.method));
  assert.equal([...methods].sort(), ['append', 'read', 'subscribe']);
  assert.ok(node.calls.every((call) => call.authorization !== undefined));
  await log.close();

  const wrong = await eventStoreDbLog({
    connectionString: `esdb://nx:wrong@localhost:${node.port}?tlsCAFile=${ca}`,
  });
  assert.instance(await failure(wrong.append(stream, 1n, rawEvents(1))), AccessRefused);
  assert.instance(await failure(wrong.head()), AccessRefused);
  await wrong.close();

  const unknown = await eventStoreDbLog(
    { connectionString: at, username: 'nx', passwordFile },
    { timing: QUICK },
  );
  const before = node.calls.length;
  assert.match((await failure(unknown.append(stream, 1n, rawEvents(1)))).message, /certificate|self.signed/i);
  assert.is(node.calls.length, before);
  await unknown.close();
  node.stop();
});

test.run();
