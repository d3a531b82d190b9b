// SPDX-License-Identifier: Apache-2.0
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { unavailable } from '../../test/eventstoredb/index.js';
import { until } from '../../test/harness/until.js';
import { LogDamaged, Unavailable } from '../index.js';
import {
  failure,
  IMPATIENT,
  ids,
  newStream,
  QUICK,
  rawEvents,
  readAll,
  type Stage,
  stage,
} from './double.harness.js';

const test = suite<Stage>('eventstoredb: read');
test.before.each(async (context) => {
  Object.assign(context, await stage());
});
test.after.each((context) => context.end());

test('goes page by page, and no further than it is asked', async ({ log, node }) => {
  const stream = newStream();
  const events = rawEvents(600);
  await log.append(stream, 'none', events);
  const reads = (): number => node.calls.filter((call) => call.method === 'read').length;
  assert.equal(ids(await readAll(log, stream)), ids(events));
  assert.is(reads(), 3);
  for await (const _batch of log.read(stream, {})) {
    break;
  }
  assert.is(reads(), 4, 'left after a page, the next is not asked for');
  for await (const batch of log.read(stream, { from: 10n, limit: 5 })) {
    assert.is(batch.length, 5);
  }
  assert.is(reads(), 5);
  assert.ok(node.calls.every((call) => call.requiresLeader));
});

test('a read that dies on the way is made again', async ({ log, node }) => {
  const stream = newStream();
  const events = rawEvents(20);
  await log.append(stream, 'none', events);
  node.faults.inject('read', { kind: 'lost' });
  assert.equal(ids(await readAll(log, stream)), ids(events));
});

test('a server that says nothing is unavailable in time, and the call is given up', async () => {
  const { log, node, end } = await stage({}, IMPATIENT);
  node.faults.inject('read', { kind: 'silent' }, QUICK.attempts);
  const error = await failure(readAll(log, newStream()));
  assert.instance(error, Unavailable);
  assert.match(error.message, 'no answer within');
  await until('the calls to be given up', () => node.givenUp() === QUICK.attempts);
  await end();
});

test('is unavailable while the server is down', async ({ log, node }) => {
  node.faults.inject('read', { kind: 'fail', error: unavailable }, QUICK.attempts);
  assert.instance(await failure(readAll(log, newStream())), Unavailable);
});

for (const [what, planted] of [
  ['data that are no JSON', { data: Buffer.from('{"half":') }],
  ['data that are a text', { data: Buffer.from('"text"') }],
  ['data that are a list', { data: Buffer.from('[1]') }],
  ['binary data', { contentType: 'application/octet-stream', data: Buffer.from([1, 2]) }],
  ['no metadata', { meta: Buffer.from('') }],
  ['metadata that are no JSON', { meta: Buffer.from([255, 0]) }],
] as const) {
  test(`${what} are damage, named by their place`, async ({ log, node }) => {
    const stream = newStream();
    await log.append(stream, 'none', rawEvents(1));
    node.store.plant(stream, planted);
    const error = await failure(readAll(log, stream));
    assert.instance(error, LogDamaged);
    assert.match(error.message, `event 1 of ${stream}`);
  });
}

test('the head is that of our newest event, whatever the server has written behind it', async ({
  log,
  node,
}) => {
  assert.is(await log.head(), 0n);
  const { position } = await log.append(newStream(), 'none', rawEvents(2));
  for (let index = 0; index < 700; index += 1) {
    node.store.system();
  }
  node.store.plant('other_program-1', {});
  assert.is(await log.head(), position);
  const other = await stage({ store: node.store });
  assert.is(await other.log.head(), position, 'also to a process that has seen nothing yet');
  const reads = other.node.calls.length;
  await other.log.head();
  assert.is(other.node.calls.length - reads, 1, 'and only what is new is looked through');
  await other.end();
});

test('a log that has lost its newest events is damaged', async ({ log, node }) => {
  await log.append(newStream(), 'none', rawEvents(3));
  node.store.truncate(2);
  assert.instance(await failure(log.head()), LogDamaged);
});

test.run();
