// SPDX-License-Identifier: Apache-2.0
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { hostFact, upstreamFact } from '../domain/workspace/workspace.fixture.js';
import { systemClock } from '../kernel/index.js';
import { event } from '../projections/facts.harness.js';
import { startDouble } from '../test/eventstoredb/index.js';
import { copyLog } from './copy.js';
import { eventStoreDbLog } from './eventstoredb/index.js';
import { type EventLog, eventLog, memoryLog } from './index.js';
import { newFolder } from './sqlite/folder.harness.js';
import { sqliteLog } from './sqlite/index.js';

const signal = new AbortController().signal;

/** Some streams, interleaved, one of them longer than a batch. */
async function filled(): Promise<EventLog> {
  const log = eventLog(memoryLog());
  const heads = new Map<string, bigint>();
  for (let n = 0; n < 1500; n += 1) {
    const stream = n % 700 === 3 ? 'workspace-b' : `workspace-${n % 3 === 0 ? 'a' : 'c'}`;
    const head = heads.get(stream);
    const fact = n % 2 === 0 ? upstreamFact(n) : hostFact(n);
    const { revision } = await log.append(stream, head ?? 'none', [event(fact)]);
    heads.set(stream, revision);
  }
  return log;
}

test('a copy has the same events in the same order, and a second run copies nothing', async () => {
  const folder = newFolder();
  const source = await filled();
  const target = eventLog(await sqliteLog(`${folder}/events.db`, { clock: systemClock }));
  const shares: number[] = [];
  const report = await copyLog(source, target, { signal, progress: (_, share) => void shares.push(share) });
  assert.equal([report.events, report.copied], [1500, 1500]);
  assert.equal([shares.length, shares.at(-1)], [4, 1]);
  assert.ok(shares.every((share, index) => share > 0 && share >= (shares[index - 1] ?? 0)));
  const again = await copyLog(source, target, { signal });
  assert.equal([again.copied, again.digest], [0, report.digest]);
  const back = await copyLog(target, eventLog(memoryLog()), { signal });
  assert.is(back.digest, report.digest);
  await target.close();
});

test('from the embedded log to EventStoreDB and back it is the same log', async () => {
  const double = await startDouble();
  const server = eventLog(
    await eventStoreDbLog({ connectionString: `esdb://127.0.0.1:${double.port}?tls=false` }),
  );
  const up = await copyLog(await filled(), server, { signal });
  const back = await copyLog(server, eventLog(memoryLog()), { signal });
  assert.equal([up.copied, back.copied, back.digest], [1500, 1500, up.digest]);
  await server.close();
  double.stop();
});

test('what was stopped goes on where it was', async () => {
  const source = await filled();
  const target = eventLog(memoryLog());
  const stopping = new AbortController();
  await copyLog(source, target, { signal: stopping.signal, progress: () => stopping.abort() }).then(
    () => assert.unreachable('was not stopped'),
    () => {},
  );
  const rest = await copyLog(source, target, { signal });
  assert.ok(rest.copied > 0 && rest.copied < 1500, `${rest.copied} copied`);
  assert.is(rest.events, 1500);
});

test('a target with something else in it is refused', async () => {
  const source = await filled();
  const target = await filled();
  const message = await copyLog(source, target, { signal }).then(
    () => 'copied',
    (error: Error) => error.message,
  );
  assert.match(message, 'another event');
});

test.run();
