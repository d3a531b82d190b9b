// SPDX-License-Identifier: Apache-2.0
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { id, ORGANIZATION, upstream, WORKSPACE } from '../../projections/facts.harness.js';
import { until } from '../../test/harness/until.js';
import { type FeedProcess, feedProcess } from './feed.harness.js';

interface Block {
  readonly id?: string;
  readonly event?: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test looks at an event of any shape
  readonly data?: any;
}

/** What a reader of the stream has, block by block; comments are left out. */
async function open(feed: FeedProcess, token: string, query = '', headers: Record<string, string> = {}) {
  let text = '';
  let ended = false;
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const request = httpRequest(
      `${feed.app.server.url}/v1/events/stream${query}`,
      { headers: { Authorization: `Bearer ${token}`, ...headers }, agent: false },
      resolve,
    );
    request.on('error', reject);
    request.end();
  });
  response.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  response.on('close', () => {
    ended = true;
  });
  const blocks = (): Block[] =>
    text
      .split('\n\n')
      .slice(0, -1)
      .map((block) => {
        const fields = Object.fromEntries(block.split('\n').map((line) => line.split(/: (.*)/s)));
        return { ...fields, ...(fields.data ? { data: JSON.parse(fields.data) } : {}) } as Block;
      });
  return {
    response,
    blocks,
    text: () => text,
    ended: () => ended,
    events: () => blocks().filter(({ event, data }) => event === undefined && data !== undefined),
    close: () => response.destroy(),
  };
}

const created = (n: number) => ({ type: 'upstream.created', data: { upstream: upstream(`u${n}`) } }) as const;
const names = (blocks: readonly Block[]) => blocks.map(({ data }) => data.data.upstream.name);

test('the same events come as Server-Sent Events, and a browser that comes again resumes', async () => {
  const feed = await feedProcess({ limits: { ringItems: 2, pingMs: 30 } });
  const { token } = await feed.app.user({ [ORGANIZATION]: 'viewer' });
  const first = await feed.write(WORKSPACE, created(0));
  const one = await open(feed, token, `?events=upstream.*&after=${first}`);
  assert.is(one.response.headers['content-type'], 'text/event-stream');
  assert.is(one.response.headers['cache-control'], 'no-store');
  for (let n = 1; n < 9; n++) {
    await feed.write(WORKSPACE, created(n));
  }
  await until('eight events', () => one.events().length === 8);
  assert.equal(names(one.events()), ['u1', 'u2', 'u3', 'u4', 'u5', 'u6', 'u7', 'u8']);
  for (const { id: last, data } of one.events()) {
    assert.is(last, data.position);
  }
  await until('a heartbeat', () => one.text().includes('\n:\n\n'));

  // The header says what the browser had; the address is still that of the first time.
  const last = one.events()[5]?.id ?? '';
  one.close();
  const again = await open(feed, token, `?events=upstream.*&after=${first}`, { 'Last-Event-ID': last });
  await until('the rest', () => again.events().length === 2);
  assert.equal(names(again.events()), ['u7', 'u8']);
  // What is not of its business still moves the place to resume from.
  const position = await feed.write(WORKSPACE, {
    type: 'upstream.deleted',
    data: { upstream_id: id('u'), name: 'u', at: '2026-03-02T12:00:00.000Z' },
  });
  const narrow = await open(feed, token, '?events=agent.*');
  const later = await feed.write(WORKSPACE, created(9));
  await until('the position', () => narrow.blocks().some((block) => block.id === String(later)));
  assert.ok(later > position);
  again.close();
  narrow.close();
  await until('nobody reads any more', () => feed.live.readers() === 0);
  await feed.close();
});

test('what is wrong is answered before a stream begins', async () => {
  const feed = await feedProcess();
  const { token } = await feed.app.user({ [ORGANIZATION]: 'viewer' });
  const path = '/v1/events/stream';
  for (const [query, headers, field] of [
    ['?events=agent.exploded', {}, 'events[0]'],
    ['?events=', {}, 'events'],
    ['?after=x', {}, 'after'],
    ['?after=99999999', {}, 'after'],
    [`?workspace_id=${id('nobody')}`, {}, 'filter.workspace_id'],
    ['?token=x', {}, 'token'],
    ['', { 'Last-Event-ID': 'x' }, 'Last-Event-ID'],
  ] as const) {
    const answer = await feed.app.call('GET', `${path}${query}`, { token, headers });
    assert.is(answer.status, 422, query);
    assert.is(answer.json.error.details[0].field, field, query);
  }
  assert.is((await feed.app.call('GET', path)).status, 401);
  await feed.app.call('HEAD', path, { token });
  assert.is(feed.live.readers(), 0);
  await feed.close();
});

test('a stream ends with its principal, and when the server stops', async () => {
  const feed = await feedProcess();
  const { token, id: user } = await feed.app.user({ [ORGANIZATION]: 'viewer' });
  const one = await open(feed, token);
  await until('it has begun', () => one.blocks().some(({ event }) => event === 'caught-up'));
  feed.principals.set(user, undefined);
  await until('it has ended', one.ended);
  assert.equal(one.blocks().at(-1), {
    event: 'end',
    data: { code: 4401, reason: 'the credentials are not valid any more' },
  });
  feed.principals.delete(user);
  const other = await open(feed, token);
  await until('it has begun', () => other.blocks().some(({ event }) => event === 'caught-up'));
  feed.live.drain();
  await until('it has ended', other.ended);
  assert.is(other.blocks().at(-1)?.data.code, 1001);
  assert.is((await feed.app.call('GET', '/v1/events/stream', { token })).status, 503);
  await feed.close();
});

test('X25: a reader of the stream that stops reading is sent away with bounded memory', async () => {
  const feed = await feedProcess({ limits: { bufferBytes: 64 * 1024, stallMs: 300, ringItems: 64 } });
  const { token } = await feed.app.user({ [ORGANIZATION]: 'viewer' });
  const one = await open(feed, token, '?events=upstream.*');
  await until('it has begun', () => one.blocks().some(({ event }) => event === 'caught-up'));
  one.response.pause();
  for (let n = 0; n < 1_000; n++) {
    await feed.write(WORKSPACE, { type: 'upstream.created', data: { upstream: upstream(`u${n}`, 100) } });
  }
  await until('it was told to go', () => feed.logged.some((line) => line.includes('"slow"')));
  one.response.resume();
  await until('it has ended', one.ended);
  const last = one.blocks().at(-1);
  const got = names(one.events());
  assert.ok(got.length < 1_000);
  assert.equal(
    got,
    Array.from(got, (_, n) => `u${n}`),
  );
  assert.is(last?.data.code, 4408);
  assert.is(one.blocks().at(-2)?.data.data.resume_after, one.events().at(-1)?.id);
  await feed.close();
});

test.run();
