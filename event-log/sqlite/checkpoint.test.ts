// SPDX-License-Identifier: Apache-2.0
/** The write-ahead log is brought into the database again and again; at every moment a kill leaves a whole log. */
import { cpSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { systemClock } from '../../kernel/index.js';
import { newStream, readAll, upstreamCreated, upstreamsCreated } from '../contract/subject.harness.js';
import { eventCatalogue, eventLog } from '../index.js';
import { outgoing } from '../outgoing.js';
import { type AppendRequest, NONE } from './commit.js';
import { newFolder } from './folder.harness.js';
import { sqliteLog, verifyLog } from './index.js';
import { openStore } from './store.js';

const requests = (): AppendRequest[] =>
  Array.from({ length: 3 }, () => ({
    stream: newStream(),
    expected: NONE,
    events: outgoing(eventCatalogue(), newStream(), upstreamsCreated(4)),
  }));

test('the files verify at every moment of many checkpoints', async () => {
  const folder = newFolder();
  const live = join(folder, 'live');
  mkdirSync(live);
  const path = join(live, 'events.db');
  // In this thread, so that a copy of the files is a moment of them.
  const store = openStore(path, systemClock, { walFrames: 60 });
  let stored = 0;
  const sizes = new Set<number>();
  for (let round = 0; round < 120; round += 1) {
    store.take(requests());
    store.commit();
    stored += 12;
    if (round % 2 === 0) {
      store.tidy();
    }
    if (round % 7 === 0) {
      const copy = join(folder, String(round));
      cpSync(live, copy, { recursive: true });
      const result = await verifyLog(join(copy, 'events.db'));
      assert.ok(result.ok, `round ${round}: ${JSON.stringify(result)}`);
      assert.is(result.count, stored);
      sizes.add(statSync(join(copy, 'events.db')).size);
    }
  }
  assert.ok(sizes.size > 5, 'the database grew several times');
  assert.ok(statSync(`${path}-wal`).size < 4_000_000, 'the write-ahead log was used again');
  store.close();
  const result = await verifyLog(path);
  assert.ok(result.ok && result.count === stored, JSON.stringify(result));
});

test('a reader that stays keeps no checkpoint from being right', async () => {
  const folder = newFolder();
  const path = join(folder, 'events.db');
  const log = eventLog(await sqliteLog(path, { walFrames: 20 }));
  const stream = newStream();
  await log.append(stream, 'none', upstreamsCreated(300));
  const reading = log.read(stream)[Symbol.asyncIterator]();
  await reading.next();
  for (let round = 0; round < 30; round += 1) {
    await log.append(stream, BigInt(299 + round), [upstreamCreated()]);
  }
  await reading.return?.();
  assert.is((await readAll(log, stream)).length, 330);
  await log.close();
  assert.ok((await verifyLog(path)).ok);
});

test.run();
