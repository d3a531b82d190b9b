// SPDX-License-Identifier: Apache-2.0
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { systemTimers } from '../../kernel/index.js';
import { ids, newStream, upstreamCreated, upstreamsCreated } from '../contract/subject.harness.js';
import { eventLog } from '../index.js';
import { chained, GENESIS } from './chain.js';
import { openDatabase } from './database.js';
import { newLogPath } from './folder.harness.js';
import { ChainBroken, exportLog, sqliteLog, tailLog, verifyLog } from './index.js';

interface Line {
  position: string;
  stream: string;
  revision: string;
  id: string;
  type: string;
  meta: unknown;
  data: unknown;
  hash: string;
}

async function lines(source: AsyncIterable<string>): Promise<Line[]> {
  const all: Line[] = [];
  for await (const line of source) {
    assert.ok(line.endsWith('}\n'));
    all.push(JSON.parse(line) as Line);
  }
  return all;
}

test('exports every event with its hash, from an open log, a file in use and a file at rest alike', async () => {
  const path = newLogPath();
  const log = eventLog(await sqliteLog(path));
  const events = upstreamsCreated(600);
  await log.append(newStream(), 'none', events);
  const fromLog = await lines(exportLog(log));
  const inUse = await lines(exportLog(path));
  await log.close();
  const atRest = await lines(exportLog(path));
  assert.equal(ids(atRest), ids(events));
  assert.equal(inUse, atRest);
  assert.equal(fromLog, atRest);
  let hash: Uint8Array = GENESIS;
  for (const { position, revision, meta, data, ...rest } of atRest) {
    const texts = { meta: JSON.stringify(meta), data: JSON.stringify(data) };
    hash = chained(hash, { ...rest, ...texts, position: Number(position), revision: Number(revision) });
    assert.is(Buffer.from(hash).toString('hex'), rest.hash);
  }
  const verified = await verifyLog(path);
  assert.is(verified.ok && verified.head.hash, atRest.at(-1)?.hash);
});

test('an export stops at a damaged event and names it', async () => {
  const path = newLogPath();
  const log = eventLog(await sqliteLog(path));
  await log.append(newStream(), 'none', upstreamsCreated(3));
  await log.close();
  const db = openDatabase(path, 'read-write');
  db.exec("DROP TRIGGER events_no_update; UPDATE events SET data = '{}' WHERE position = 2");
  db.close();
  await lines(exportLog(path)).then(
    () => assert.unreachable(),
    (error) => {
      assert.instance(error, ChainBroken);
      assert.is((error as ChainBroken).at.position, 2);
    },
  );
});

test('tails the newest events and follows what another connection appends', async () => {
  const path = newLogPath();
  const log = eventLog(await sqliteLog(path));
  const stream = newStream();
  const events = upstreamsCreated(30);
  await log.append(stream, 'none', events);
  assert.equal(ids(await lines(tailLog(path, { count: 5 }))), ids(events.slice(25)));
  assert.is((await lines(tailLog(path, { count: 100 }))).length, 30);

  const abort = new AbortController();
  const more = [upstreamCreated(), upstreamCreated()];
  const seen: string[] = [];
  for await (const line of tailLog(path, {
    count: 1,
    follow: { timers: systemTimers, signal: abort.signal },
  })) {
    seen.push((JSON.parse(line) as Line).id);
    const next = more[seen.length - 1];
    if (next) {
      await log.append(stream, BigInt(28 + seen.length), [next]);
    } else {
      abort.abort();
    }
  }
  assert.equal(seen, ids([...events.slice(29), ...more]));
  await log.close();
});

test.run();
