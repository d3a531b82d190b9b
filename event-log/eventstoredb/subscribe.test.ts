// SPDX-License-Identifier: Apache-2.0
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  accessDenied,
  cancelled,
  type DoubleNode,
  rpcError,
  unavailable,
} from '../../test/eventstoredb/index.js';
import { until } from '../../test/harness/until.js';
import { LogDamaged } from '../index.js';
import {
  failure,
  ids,
  newStream,
  rawEvent,
  rawEvents,
  reading,
  type Stage,
  stage,
} from './double.harness.js';
import { AccessRefused } from './index.js';

const test = suite<Stage & { lost: string[] }>('eventstoredb: subscribe');
test.before.each(async (context) => {
  const lost: string[] = [];
  Object.assign(context, { lost }, await stage({}, { lost: (message) => lost.push(message) }));
});
test.after.each((context) => context.end());

const subscriptions = (node: DoubleNode): number =>
  node.calls.filter((call) => call.method === 'subscribe').length;

for (const [what, error] of [
  ['the server shuts down', cancelled],
  ['the connection breaks', unavailable],
  ['the client is too slow for the server', rpcError(10, 'Operation timed out')],
] as const) {
  test(`goes on behind the last event when ${what}`, async ({ log, node, lost }) => {
    const stream = newStream();
    const events = rawEvents(30);
    await log.append(stream, 'none', events.slice(0, 10));
    const reader = reading(log);
    await reader.events(10);
    node.subscriptions.kill(error);
    await log.append(stream, 9n, events.slice(10, 20));
    await reader.events(20);
    node.subscriptions.kill(error);
    await log.append(stream, 19n, events.slice(20));
    await reader.events(30);
    assert.equal(reader.ids, ids(events));
    assert.ok(lost.length >= 2, 'and says so');
    await reader.end();
  });
}

test('keeps asking, with pauses, while there is nobody', async ({ log, node, lost }) => {
  const { store, port } = node;
  const stream = newStream();
  const events = rawEvents(4);
  await log.append(stream, 'none', events.slice(0, 2));
  const reader = reading(log);
  await reader.toCaughtUp();
  const rest = reader.events(4);
  node.stop();
  await until('some attempts', () => lost.length >= 4);
  const back = await stage({ store, port });
  await back.log.append(stream, 1n, events.slice(2));
  await rest;
  assert.equal(reader.ids, ids(events));
  await reader.end();
  await back.end();
});

test('what a new subscription brings again is dropped, and the reader is told no lower position', async ({
  log,
  node,
}) => {
  const stream = newStream();
  await log.append(stream, 'none', rawEvents(5));
  const reader = reading(log);
  await reader.toCaughtUp();
  node.subscriptions.goBack(3);
  for (let round = 0; round < 3; round += 1) {
    const more = reader.events(6 + round);
    const before = subscriptions(node);
    node.subscriptions.kill(unavailable);
    await until('another subscription', () => subscriptions(node) > before && node.subscriptions.count() > 0);
    await log.append(stream, BigInt(4 + round), rawEvents(1));
    await more;
    await reader.toCaughtUp();
  }
  assert.is(reader.ids.length, 8);
  assert.is(new Set(reader.ids).size, reader.ids.length);
  assert.equal(
    reader.caughtUp,
    [...new Set(reader.caughtUp)].sort((a, b) => (a < b ? -1 : 1)),
  );
  await reader.end();
});

test('a checkpoint does not count before the events ahead of it have been taken', async ({ log, node }) => {
  const [wanted, other] = [newStream('config'), newStream()];
  const events = rawEvents(6);
  const fill = async (index: number): Promise<void> => {
    await log.append(wanted, index === 0 ? 'none' : BigInt(index - 1), events.slice(index, index + 1));
    await log.append(other, index === 0 ? 'none' : BigInt(index * 40 - 1), rawEvents(40));
  };
  await fill(0);
  const reader = reading(log, { categories: ['config'] });
  await reader.events(1);
  node.subscriptions.considered();
  let looked = 0;
  for (let index = 1; index < events.length; index += 1) {
    await fill(index);
  }
  await until('the server to be far ahead', () => {
    looked += node.subscriptions.considered();
    return looked >= 5 * 41;
  });
  node.subscriptions.kill(unavailable);
  await reader.events(6);
  assert.equal(reader.ids, ids(events));
  await reader.end();
});

test('what the client holds back for a slow reader is not overtaken by a checkpoint', async ({
  log,
  node,
}) => {
  const wanted = newStream('config');
  const events = rawEvents(140);
  await log.append(wanted, 'none', events.slice(0, 1));
  const reader = reading(log, { categories: ['config'] });
  await reader.events(1);
  node.subscriptions.considered();
  let looked = 0;
  await log.append(wanted, 0n, events.slice(1));
  await log.append(newStream(), 'none', rawEvents(64));
  await until('the server to have sent a checkpoint behind them', () => {
    looked += node.subscriptions.considered();
    return looked >= 139 + 64;
  });
  await reader.events(events.length);
  assert.equal(reader.ids, ids(events));
  await reader.end();
});

test('a reader that does not pull holds the server back', async ({ log, node }) => {
  const stream = newStream();
  await log.append(stream, 'none', rawEvents(1));
  const idle = reading(log);
  await idle.events(1);
  node.subscriptions.considered();
  for (let from = 0; from < 3_000; from += 500) {
    const batch = Array.from({ length: 500 }, () => rawEvent(1_500));
    await log.append(stream, BigInt(from), batch);
  }
  const eager = reading(log);
  await eager.events(3_001);
  const looked = node.subscriptions.considered();
  assert.ok(looked < 5_000, `${looked} events for one reader of 3,000 and one that does not read`);
  await Promise.all([idle.end(), eager.end()]);
});

test('checkpoints let it go on behind what its filter left out', async ({ log, node }) => {
  const other = newStream();
  await log.append(other, 'none', rawEvents(640));
  const reader = reading(log, { categories: ['config'] });
  const position = await reader.toCaughtUp();
  assert.is(position, await log.head());
  node.subscriptions.considered();
  node.subscriptions.kill(unavailable);
  await log.append(newStream('config'), 'none', rawEvents(1));
  await reader.events(1);
  assert.ok(node.subscriptions.considered() < 100, 'what was left out is not looked through again');
  await reader.end();
});

test('a reader of some categories is told how far the log has gone, also by the others', async ({
  log,
  node,
}) => {
  await log.append(newStream(), 'none', rawEvents(3));
  const reader = reading(log, { categories: ['config', 'slug'] });
  await reader.toCaughtUp();
  for (let round = 0; round < 3; round += 1) {
    const { position } = await log.append(newStream('agent'), 'none', rawEvents(2));
    while ((await reader.toCaughtUp()) < position) {
      // Told in between.
    }
    assert.is(reader.caughtUp.at(-1), position);
  }
  assert.equal(reader.ids, []);
  const asked = node.subscriptions.prefixes();
  assert.equal(asked[0], ['config-', 'slug-'], 'the past is filtered by the server');
  assert.is(asked.length, 2, 'and one more subscription is enough');
  await reader.end();
});

test('passes over the events of the server and of other programs', async ({ log, node }) => {
  const events = rawEvents(2);
  node.store.system();
  node.store.plant('other_program-1', { data: Buffer.from('no JSON') });
  node.store.plant('workspace-1', { type: '$>', data: Buffer.from('0@gone'), contentType: 'text/plain' });
  await log.append(newStream(), 'none', events);
  const reader = reading(log);
  await reader.toCaughtUp();
  assert.equal(reader.ids, ids(events));
  await reader.end();
});

test('an event that cannot be read stops the reader there, behind all that came before it', async ({
  log,
  node,
}) => {
  const stream = newStream();
  const events = rawEvents(3);
  await log.append(stream, 'none', events.slice(0, 1));
  const reader = reading(log);
  await reader.toCaughtUp();
  node.subscriptions.considered();
  let looked = 0;
  await log.append(stream, 0n, events.slice(1));
  node.store.plant(stream, { data: Buffer.from('{"half":') });
  await log.append(newStream(), 'none', rawEvents(1));
  await until('all of it to be sent', () => {
    looked += node.subscriptions.considered();
    return looked >= 4;
  });
  const error = await failure(reader.events(9));
  assert.instance(error, LogDamaged);
  assert.match(error.message, `event 3 of ${stream}`);
  assert.equal(reader.ids, ids(events));
});

test('a position that is none of the log is damage, not a reason to begin again', async ({ log }) => {
  const { position } = await log.append(newStream(), 'none', rawEvents(1));
  await log.append(newStream(), 'none', rawEvents(1));
  assert.instance(await failure(reading(log, { after: position + 1n }).next()), LogDamaged);
});

test('refused access ends it', async ({ log, node }) => {
  node.faults.inject('subscribe', { kind: 'fail', error: accessDenied });
  assert.instance(await failure(reading(log).next()), AccessRefused);
});

test('one that falls silent while the log goes on is made again', async ({ log, node, lost }) => {
  const stream = newStream();
  const events = rawEvents(3);
  await log.append(stream, 'none', events.slice(0, 1));
  const reader = reading(log);
  await reader.toCaughtUp();
  node.subscriptions.freeze();
  await log.append(stream, 0n, events.slice(1));
  await reader.events(3);
  assert.equal(reader.ids, ids(events));
  assert.match(lost.join(), 'silent');
  await reader.end();
});

test('one that never begins is made again', async ({ log, node }) => {
  const { position } = await log.append(newStream(), 'none', rawEvents(1));
  node.faults.inject('subscribe', { kind: 'silent' });
  const reader = reading(log, { after: position });
  assert.is(await reader.toCaughtUp(), position);
  assert.is(subscriptions(node), 2);
  await reader.end();
});

test('a quiet log is left alone', async ({ log, node }) => {
  await log.append(newStream(), 'none', rawEvents(1));
  const reader = reading(log);
  await reader.toCaughtUp();
  const waiting = reader.next();
  const looks = (): number => node.calls.filter((call) => call.method === 'read').length;
  const before = looks();
  await until('the watch to look a few times', () => looks() >= before + 3);
  assert.is(subscriptions(node), 1);
  await log.append(newStream(), 'none', rawEvents(1));
  await waiting;
  await reader.end();
});

test('leaves nothing behind at the server, however it ends', async ({ log, node }) => {
  await log.append(newStream(), 'none', rawEvents(300));
  const left = reading(log);
  await left.events(1);
  await left.end();
  const abort = new AbortController();
  const aborted = reading(log, { signal: abort.signal });
  await aborted.toCaughtUp();
  abort.abort();
  await aborted.next();
  await until('the server to be left', () => node.subscriptions.count() === 0);
});

test('is ended by its signal while the server says nothing', async ({ log, node }) => {
  node.faults.inject('read', { kind: 'silent' }, 3);
  const abort = new AbortController();
  const waiting = reading(log, { signal: abort.signal }).next();
  const started = performance.now();
  abort.abort();
  assert.is((await waiting).done, true);
  assert.ok(performance.now() - started < 200);
});

test.run();
