// SPDX-License-Identifier: Apache-2.0
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { newStream, readAll, upstreamsCreated } from '../contract/subject.harness.js';
import { eventLog } from '../index.js';
import { openDatabase } from './database.js';
import { newLogPath } from './folder.harness.js';
import { sqliteLog, verifyLog } from './index.js';

const STATEMENTS = [
  "UPDATE events SET data = '{}' WHERE position = 1",
  'UPDATE events SET position = 99 WHERE position = 1',
  'DELETE FROM events',
  "UPDATE streams SET name = 'workspace-other'",
  'DELETE FROM streams WHERE id = 1',
];

test('what is stored can be neither changed nor deleted', async () => {
  const path = newLogPath();
  const log = eventLog(await sqliteLog(path));
  const stream = newStream();
  await log.append(stream, 'none', upstreamsCreated(3));
  const before = await readAll(log, stream);
  const db = openDatabase(path, 'read-write');
  for (const statement of STATEMENTS) {
    assert.throws(() => db.exec(statement), 'append-only', statement);
  }
  db.close();
  assert.equal(await readAll(log, stream), before);
  await log.close();
});

test('a change that went around the triggers is found', async () => {
  const path = newLogPath();
  const log = eventLog(await sqliteLog(path));
  await log.append(newStream(), 'none', upstreamsCreated(3));
  await log.close();
  const db = openDatabase(path, 'read-write');
  db.exec("DROP TRIGGER events_no_update; UPDATE events SET type = 'upstream.updated' WHERE position = 2");
  db.close();
  const result = await verifyLog(path);
  assert.is(result.ok ? undefined : result.damage[0]?.event?.position, 2);
});

test('another writer on the file stops the log', async () => {
  const path = newLogPath();
  const log = eventLog(await sqliteLog(path));
  await log.append(newStream(), 'none', upstreamsCreated(1));
  const db = openDatabase(path, 'read-write');
  db.exec("INSERT INTO streams VALUES (99, 'workspace-x', 'workspace')");
  db.close();
  await log.append(newStream(), 'none', upstreamsCreated(1)).then(
    () => assert.unreachable(),
    (error: Error) => assert.match(error.message, 'another process wrote'),
  );
  await log.close();
});

test.run();
