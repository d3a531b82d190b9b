// SPDX-License-Identifier: Apache-2.0
import { randomUUID } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  accessDenied,
  cancelled,
  type DoubleNode,
  rpcError,
  unavailable,
} from '../../test/eventstoredb/index.js';
import { AppendTooLarge, InvalidEvent, LogDamaged, Unavailable, VersionConflict } from '../index.js';
import {
  failure,
  IMPATIENT,
  ids,
  newStream,
  QUICK,
  rawEvent,
  rawEvents,
  readAll,
  type Stage,
  stage,
} from './double.harness.js';
import { AccessRefused } from './index.js';

const appends = (node: DoubleNode): number => node.calls.filter(({ method }) => method === 'append').length;

const test = suite<Stage>('eventstoredb: append');
test.before.each(async (context) => {
  Object.assign(context, await stage());
});
test.after.each((context) => context.end());

test('goes call by call with the credentials, to the leader, and states its revision', async ({
  log,
  node,
}) => {
  const stream = newStream();
  await log.append(stream, 'none', rawEvents(2));
  await log.append(stream, 1n, rawEvents(1));
  assert.equal(
    node.calls.map((call) => [call.method, call.requiresLeader]),
    [
      ['append', true],
      ['append', true],
    ],
  );
});

test('metadata are flat strings, with the two that the server knows; they come back as they were', async ({
  log,
  node,
}) => {
  const stream = newStream();
  const event = rawEvent();
  await log.append(stream, 'none', [event]);
  const [kept] = node.store.stream(stream);
  assert.ok(kept);
  const meta = JSON.parse(Buffer.from(kept.meta).toString()) as Record<string, unknown>;
  assert.is(meta['$correlationId'], 'corr');
  assert.is(meta['$causationId'], 'cause');
  assert.ok(Object.values(meta).every((value) => typeof value === 'string'));
  assert.is(kept.contentType, 'application/json');
  assert.is(Buffer.from(kept.data).toString(), event.data);
  const [stored] = await readAll(log, stream);
  assert.equal(stored?.meta, JSON.parse(event.meta));
  assert.equal(stored?.data, JSON.parse(event.data));
});

for (const kind of ['lost', 'deaf'] as const) {
  test(`an append whose answer is ${kind === 'lost' ? 'lost' : 'never sent'} gives one copy and the answer`, async ({
    log,
    node,
  }) => {
    const stream = newStream();
    const events = rawEvents(3);
    node.faults.inject('append', { kind });
    const { revision, position } = await log.append(stream, 'none', events);
    assert.is(revision, 2n);
    assert.equal(ids(node.store.stream(stream)), ids(events));
    assert.is(position, node.store.stream(stream)[2]?.position);
    assert.is(appends(node), 2, 'asked twice');
  });
}

test('what passes is tried again: down, shutting down, too late, no leader known', async ({ log, node }) => {
  const passing = [
    unavailable,
    cancelled,
    rpcError(4, 'Deadline Exceeded'),
    rpcError(10, 'Operation timed out: Commit phase timeout.'),
    rpcError(2, 'No leader info available in response'),
  ];
  for (const error of passing) {
    const stream = newStream();
    const events = rawEvents(1);
    node.faults.inject('append', { kind: 'fail', error });
    await log.append(stream, 'none', events);
    assert.equal(ids(node.store.stream(stream)), ids(events), error.details);
  }
});

test('an append that is given up half way stores nothing of it', async () => {
  const { log, node, end } = await stage({}, { timing: { ...QUICK, callMs: 30, attempts: 1 } });
  const events = Array.from({ length: 900 }, () => rawEvent(500));
  for (let round = 0; round < 5; round += 1) {
    const stream = newStream();
    await log
      .append(
        stream,
        'none',
        events.map((event) => ({ ...event, id: randomUUID() })),
      )
      .catch(() => undefined);
    assert.ok([0, events.length].includes(node.store.stream(stream).length));
  }
  await end();
});

test('is unavailable when that goes on, and the same ids can be asked again', async ({ log, node }) => {
  const stream = newStream();
  const events = rawEvents(2);
  node.faults.inject('append', { kind: 'lost' }, QUICK.attempts);
  const error = await failure(log.append(stream, 'none', events));
  assert.instance(error, Unavailable);
  assert.match(error.message, 'Server Is Not Ready');
  assert.is(appends(node), QUICK.attempts);
  assert.is((await log.append(stream, 'none', events)).revision, 1n);
  assert.equal(ids(node.store.stream(stream)), ids(events));
});

test('a server that says nothing is unavailable in time', async () => {
  const { log, node, end } = await stage({}, IMPATIENT);
  node.faults.inject('append', { kind: 'silent' }, QUICK.attempts);
  const started = performance.now();
  assert.instance(await failure(log.append(newStream(), 'none', rawEvents(1))), Unavailable);
  const took = performance.now() - started;
  assert.ok(took < 2_000, `took ${took} ms`);
  await end();
});

test('a conflict is told at once, with the actual revision', async ({ log, node }) => {
  const stream = newStream();
  const early = await failure(log.append(stream, 4n, rawEvents(1)));
  assert.ok(early instanceof VersionConflict && early.actual === 'none');
  await log.append(stream, 'none', rawEvents(3));
  const late = await failure(log.append(stream, 0n, rawEvents(1)));
  assert.ok(late instanceof VersionConflict && late.actual === 2n && late.expected === 0n);
  assert.is(node.calls.length, 3, 'a conflict is not asked again');
});

test('an answer without a position is completed by reading the event', async ({ log, node }) => {
  const stream = newStream();
  const events = rawEvents(2);
  const first = await log.append(stream, 'none', events);
  node.faults.inject('append', { kind: 'no-position' });
  assert.equal(await log.append(stream, 'none', events), first);
});

test('more than the server takes is refused by name, before it is sent', async ({ log, node }) => {
  const stream = newStream();
  const error = await failure(log.append(stream, 'none', [rawEvent(700_000), rawEvent(700_000)]));
  assert.instance(error, AppendTooLarge);
  assert.instance(error, InvalidEvent);
  assert.match(error.message, '1048576 bytes');
  assert.is(node.calls.length, 0);
  await log.append(stream, 'none', [rawEvent(1_000_000)]);
});

test('so is what only the server finds too large', async () => {
  const { log, end } = await stage({ maxAppendSize: 2_000 });
  const error = await failure(log.append(newStream(), 'none', [rawEvent(3_000)]));
  assert.ok(error instanceof AppendTooLarge && error.limit === 2_000);
  await end();
});

test('just below the limit is taken, counted as the server counts', async () => {
  const { log, node, end } = await stage({ maxAppendSize: 10_000 }, { maxAppendBytes: 10_000 });
  let bytes = 9_600;
  let refusal: unknown;
  for (let sent = 0; refusal === undefined; bytes += 1) {
    refusal = await log.append(newStream(), 'none', [rawEvent(bytes)]).then(
      () => undefined,
      (error: unknown) => error,
    );
    sent += refusal === undefined ? 1 : 0;
    assert.is(node.calls.length, sent, 'what is refused is refused here');
  }
  assert.instance(refusal, AppendTooLarge);
  assert.ok(bytes > 9_650 && node.store.all.length > 50);
  await end();
});

test('refused access is told at once, with where to look', async ({ log, node }) => {
  node.faults.inject('append', { kind: 'fail', error: accessDenied });
  const error = await failure(log.append(newStream(), 'none', rawEvents(1)));
  assert.instance(error, AccessRefused);
  assert.instance(error, Unavailable);
  assert.match(error.message, 'access list');
  assert.is(node.calls.length, 1);
});

test('a deleted stream is a damaged log', async ({ log, node }) => {
  const stream = newStream();
  node.faults.inject('append', {
    kind: 'fail',
    error: rpcError(9, `Event stream '${stream}' is deleted.`, {
      exception: 'stream-deleted',
      'stream-name': stream,
    }),
  });
  assert.instance(await failure(log.append(stream, 'none', rawEvents(1))), LogDamaged);
});

test('an id that this process has just used elsewhere is a conflict, which the server would not see', async ({
  log,
  node,
}) => {
  const stream = newStream();
  const events = rawEvents(1);
  await log.append(stream, 'none', events);
  const again = await failure(log.append(stream, 0n, events));
  assert.ok(again instanceof VersionConflict && again.actual === 0n);
  const other = await failure(log.append(newStream(), 'none', events));
  assert.ok(other instanceof VersionConflict && other.actual === 'none');
  assert.is(node.store.append(newStream(), -1n, []).kind, 'stored');
});

test('the failure of one append leaves the others alone', async ({ log, node }) => {
  node.faults.inject('append', { kind: 'silent' }, 5);
  const results = await Promise.allSettled(
    Array.from({ length: 20 }, () => log.append(newStream(), 'none', rawEvents(1))),
  );
  assert.ok(results.every((result) => result.status === 'fulfilled'));
});

test('is unavailable while the server is down, soon again when it is back', async ({ log, node }) => {
  const { store, port } = node;
  const stream = newStream();
  const [first, second] = rawEvents(2);
  assert.ok(first && second);
  await log.append(stream, 'none', [first]);
  node.stop();
  const error = await failure(log.append(stream, 0n, [second]));
  assert.instance(error, Unavailable);
  assert.match(error.message, 'ECONNREFUSED');
  const { log: back, node: again, end } = await stage({ store, port });
  const started = performance.now();
  await log.append(stream, 0n, [second]);
  assert.ok(performance.now() - started < 10_000);
  assert.equal(ids(again.store.stream(stream)), ids([first, second]));
  assert.is((await readAll(back, stream)).length, 2);
  await end();
});

test.run();
