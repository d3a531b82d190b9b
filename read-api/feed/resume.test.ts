// SPDX-License-Identifier: Apache-2.0
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { eventLog, memoryLog } from '../../event-log/index.js';
import { deferred } from '../../kernel/index.js';
import { id, ORGANIZATION, upstream, WORKSPACE } from '../../projections/facts.harness.js';
import type { Fact } from '../../schemas/index.js';
import { until } from '../../test/harness/until.js';
import { type Client, type FeedProcess, feedProcess } from './feed.harness.js';

const created = (n: number, servers = 1): Fact => ({
  type: 'upstream.created',
  data: { upstream: upstream(`u${n}`, servers) },
});
const names = (one: Client): string[] =>
  one.events().flatMap(({ data }) => (data.upstream ? [data.upstream.name] : []));
const numbered = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, n) => `u${from + n}`);

async function viewer(feed: FeedProcess): Promise<string> {
  return (await feed.app.user({ [ORGANIZATION]: 'viewer' })).token;
}

test('after a position everything behind it comes once and in order, then what is new', async () => {
  const feed = await feedProcess();
  const token = await viewer(feed);
  const positions: bigint[] = [];
  for (let n = 0; n < 20; n++) {
    positions.push(await feed.write(WORKSPACE, created(n)));
  }
  const one = await feed.connect(token, `&after=${positions[4]}`);
  one.say({ action: 'subscribe', events: ['upstream.*'] });
  assert.is((await one.next('subscribed')).position, String(positions[4]));
  assert.is((await one.next('caught-up')).position, String(positions[19]));
  assert.equal(names(one), numbered(5, 20));
  await feed.write(WORKSPACE, created(20));
  await until('the new one comes', () => names(one).length === 16);
  assert.equal(names(one), numbered(5, 21));

  // A second subscription goes on where the connection is; only the first can resume.
  one.say({ action: 'subscribe', events: ['upstream.*'], after: '0' });
  assert.equal((await one.next('error')).data.details[0], {
    field: 'after',
    code: 'NOT_FIRST',
    message: 'Only the first subscription of a connection can resume',
  });
  one.say({ action: 'unsubscribe' });
  await one.next('unsubscribed');
  one.say({ action: 'subscribe', events: ['upstream.*'], after: '0' });
  await one.next('caught-up');
  assert.equal(names(one), [...numbered(5, 21), ...numbered(0, 21)]);
  await feed.close();
});

test('readers that come, go and come again while events are written miss none and see none twice', async () => {
  // A ring so small that everybody falls out of it.
  const feed = await feedProcess({ limits: { ringItems: 4, replays: 2 } });
  const token = await viewer(feed);
  const total = 600;
  const seen = new Map<number, string[]>();
  let written = 0;
  const writing = (async () => {
    for (; written < total; written++) {
      await feed.write(WORKSPACE, created(written));
      if (written % 7 === 0) {
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
  })();
  const readers = Array.from({ length: 8 }, async (_, reader) => {
    let after = '0';
    const mine: string[] = [];
    seen.set(reader, mine);
    while (mine.length < total) {
      const one = await feed.connect(token, `&events=upstream.*&after=${after}`);
      const enough = Math.min(total - mine.length, 40 + 13 * reader);
      await until('some events', () => names(one).length >= enough || one.socket.readyState !== 1, 20_000, 1);
      one.socket.terminate();
      const got = one.events();
      mine.push(...names(one));
      after = got.at(-1)?.position ?? after;
    }
  });
  await Promise.all([writing, ...readers]);
  for (const [reader, mine] of seen) {
    assert.equal(mine, numbered(0, total), `reader ${reader}`);
  }
  await feed.close();
});

test('unsubscribing in the middle of a replay and starting over loses nothing', async () => {
  const feed = await feedProcess({ limits: { ringItems: 2 } });
  const token = await viewer(feed);
  for (let n = 0; n < 2_000; n++) {
    await feed.write(WORKSPACE, created(n));
  }
  const one = await feed.connect(token);
  one.say({ action: 'subscribe', events: ['upstream.*'], after: '0' });
  one.say({ action: 'unsubscribe' });
  one.say({ action: 'subscribe', events: ['upstream.*'], after: '0' });
  await one.next('unsubscribed');
  await one.next('caught-up');
  const second = one.frames.slice(one.frames.findLastIndex(({ type }) => type === 'subscribed'));
  assert.equal(
    second.flatMap(({ data }) => data.upstream?.name ?? []),
    numbered(0, 2_000),
  );
  await feed.close();
});

test('X25: a client that stops reading is told where to go on and sent away; nobody else notices', async () => {
  const feed = await feedProcess({ limits: { bufferBytes: 64 * 1024, stallMs: 300, ringItems: 64 } });
  const token = await viewer(feed);
  const stuck = await feed.connect(token, '&events=upstream.*');
  const well = await feed.connect(token, '&events=upstream.*');
  await Promise.all([stuck.next('caught-up'), well.next('caught-up')]);
  stuck.socket.pause();
  // More than the two kernels hold, so that the server's own buffer fills.
  const total = 900;
  for (let n = 0; n < total; n++) {
    await feed.write(WORKSPACE, created(n, 100));
  }
  await until('the other has all', () => names(well).length === total, 20_000);
  assert.equal(names(well), numbered(0, total));
  await until('the stuck one was told', () => feed.logged.some((line) => line.includes('"slow"')));
  stuck.socket.resume();
  assert.is((await stuck.closed).code, 4408);
  await until('it is gone', () => feed.live.readers() === 1);
  const got = names(stuck);
  assert.ok(got.length < total, `${got.length} came`);
  const gap = stuck.frames.at(-1);
  assert.is(gap?.type, 'gap');
  const after = gap?.data.resume_after;
  assert.is(after, stuck.events().at(-1)?.position);
  const again = await feed.connect(token, `&events=upstream.*&after=${after}`);
  await until('the rest comes', () => got.length + names(again).length === total, 20_000);
  assert.equal([...got, ...names(again)], numbered(0, total));
  await feed.close();
});

test('a client that is only slow gets everything, however little room it has', async () => {
  const feed = await feedProcess({ limits: { bufferBytes: 16 * 1024, ringItems: 16 } });
  const token = await viewer(feed);
  const slow = await feed.connect(token, '&events=upstream.*');
  await slow.next('caught-up');
  const total = 400;
  const pausing = setInterval(() => {
    slow.socket.pause();
    setTimeout(() => slow.socket.resume(), 15);
  }, 20);
  for (let n = 0; n < total; n++) {
    await feed.write(WORKSPACE, created(n, 100));
  }
  await until('all has come', () => names(slow).length === total, 20_000);
  clearInterval(pausing);
  assert.equal(names(slow), numbered(0, total));
  await feed.close();
});

test('a log that fails ends no connection and loses no event', async () => {
  const log = eventLog(memoryLog());
  let broken = false;
  let failures = 0;
  const feed = await feedProcess({
    log,
    feedLog: {
      subscribe: async function* (options) {
        for await (const delivery of log.subscribe(options)) {
          if (broken) {
            failures += 1;
            throw new Error('out of reach');
          }
          yield delivery;
        }
      },
    },
  });
  const one = await feed.connect(await viewer(feed), '&events=upstream.*');
  await one.next('caught-up');
  broken = true;
  await feed.write(WORKSPACE, created(0));
  await until('the log has failed', () => failures > 1 && feed.live.trouble() !== '');
  await feed.write(WORKSPACE, created(1));
  broken = false;
  await until('both came', () => names(one).length === 2);
  assert.equal(names(one), ['u0', 'u1']);
  await until('all is well', () => feed.live.trouble() === '');
  await feed.close();
});

test('a position that this process has not come to yet is resumed from all the same', async () => {
  const log = eventLog(memoryLog());
  const held = deferred();
  let subscriptions = 0;
  const feed = await feedProcess({
    log,
    feedLog: {
      subscribe: async function* (options) {
        subscriptions += 1;
        const isHub = subscriptions === 1;
        for await (const delivery of log.subscribe(options)) {
          await (isHub ? held.promise : undefined);
          yield delivery;
        }
      },
    },
  });
  const positions: bigint[] = [];
  for (let n = 0; n < 10; n++) {
    positions.push(await feed.write(WORKSPACE, created(n)));
  }
  const one = await feed.connect(await viewer(feed), `&events=upstream.*&after=${positions[5]}`);
  await one.next('caught-up');
  held.resolve();
  await feed.write(WORKSPACE, created(10));
  await until('all has come', () => names(one).includes('u10'));
  assert.equal(names(one), numbered(6, 11));
  await feed.close();
});

test('a quiet subscription still learns where it is', async () => {
  const feed = await feedProcess({ limits: { pingMs: 40 } });
  const one = await feed.connect(await viewer(feed), `&events=agent.*&agent_id=${id('agent', 'a')}`);
  await one.next('caught-up');
  const position = await feed.write(WORKSPACE, created(0));
  assert.is((await one.next('position')).position, String(position));
  await feed.close();
});

test.run();
