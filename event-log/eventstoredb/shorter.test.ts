// SPDX-License-Identifier: Apache-2.0
/** A server that comes back with less than it had (a backup, another disk, a wrong address) is not followed. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { until } from '../../test/harness/until.js';
import { LogDamaged, Unavailable } from '../index.js';
import { failure, newStream, QUICK, rawEvents, reading, type Stage, stage } from './double.harness.js';

const test = suite<Stage & { lost: string[] }>('eventstoredb: shorter');
test.before.each(async (context) => {
  const lost: string[] = [];
  Object.assign(context, { lost }, await stage({}, { lost: (message) => lost.push(message) }));
});
test.after.each((context) => context.end());

/** Down, less by so many events, and up again at the same address. */
async function backWithLess({ node }: Stage, count: number): Promise<Stage> {
  const { store, port } = node;
  node.stop();
  store.truncate(count);
  return stage({ store, port });
}

for (const [what, gone] of [
  ['older', 2],
  ['empty', undefined],
] as const) {
  test(`takes no append, also when nobody has read meanwhile: ${what}`, async (context) => {
    const { log, node } = context;
    const stream = newStream();
    await log.append(stream, 'none', rawEvents(4));
    const back = await backWithLess(context, gone ?? node.store.all.length);
    const held = node.store.all.length;
    const error = await failure(log.append(newStream(), 'none', rawEvents(1)));
    assert.instance(error, Unavailable);
    assert.match(error.message, 'held an event at');
    assert.is(node.store.all.length, held, 'nothing was written');
    assert.match(log.stopped?.() ?? '', 'held an event at');
    await back.end();
  });
}

test('is told to readers, and stays refused when it has grown past what it was', async (context) => {
  const { log, lost } = context;
  const stream = newStream();
  await log.append(stream, 'none', rawEvents(4));
  const reader = reading(log);
  await reader.toCaughtUp();
  const next = failure(reader.next());
  const back = await backWithLess(context, 3);
  assert.instance(await next, LogDamaged);
  assert.ok(lost.length > 0);
  const before = await back.log.append(stream, 0n, rawEvents(20));
  assert.ok(before.revision > 3n);
  assert.instance(await failure(log.head()), LogDamaged);
  assert.instance(await failure(log.append(stream, before.revision, rawEvents(1))), Unavailable);
  assert.instance(await failure(reading(log).next()), LogDamaged);
  await back.end();
});

test('reads that show for a while less than was answered are waited for', async ({ log, node }) => {
  const stream = newStream();
  await log.append(stream, 'none', rawEvents(2));
  node.store.truncate(1);
  const looks = (): number => node.calls.filter(({ method }) => method === 'read').length;
  const before = looks();
  const head = log.head();
  await until('more looks than a call has attempts', () => looks() > before + QUICK.attempts);
  node.store.plant(stream, {});
  assert.is(await head, node.store.all.at(-1)?.position);
  assert.is(log.stopped?.(), undefined);
});

test('a server that comes back with all of it is gone on with', async (context) => {
  const { log } = context;
  const stream = newStream();
  const reader = reading(log);
  await log.append(stream, 'none', rawEvents(4));
  await reader.events(4);
  const back = await backWithLess(context, 0);
  await until('it takes appends', () =>
    log.append(stream, 3n, rawEvents(1)).then(
      () => true,
      () => false,
    ),
  );
  await reader.events(5);
  assert.is(log.stopped?.(), undefined);
  await reader.end();
  await back.end();
});

test.run();
