// SPDX-License-Identifier: Apache-2.0
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { pageAnswer, windowOf } from './pagination.js';

function rels(page: number, perPage: number, total: number, query: Record<string, unknown> = {}) {
  const window = windowOf({ page, per_page: perPage });
  const answer = pageAnswer({ path: '/v1/x', query: { ...query, page, per_page: perPage } }, window, {
    items: [],
    total,
  });
  return Object.fromEntries(
    [...(answer.headers['Link'] ?? '').matchAll(/<([^>]+)>; rel="([a-z]+)"/g)].map(([, url, rel]) => [
      rel,
      new URL(url ?? '', 'http://h').searchParams.get('page'),
    ]),
  );
}

test('first, prev, next and last, each only where there is one', () => {
  assert.equal(rels(1, 20, 0), { first: '1', last: '1' });
  assert.equal(rels(1, 20, 20), { first: '1', last: '1' });
  assert.equal(rels(1, 20, 21), { first: '1', next: '2', last: '2' });
  assert.equal(rels(2, 20, 41), { first: '1', prev: '1', next: '3', last: '3' });
  assert.equal(rels(3, 20, 41), { first: '1', prev: '2', last: '3' });
  assert.equal(rels(1_000_000, 100, 41), { first: '1', prev: '1', last: '1' });
});

test('links are relative, keep the filters, and encode them', () => {
  const window = windowOf({});
  assert.equal(window, { page: 1, perPage: 20, offset: 0 });
  const { headers, body } = pageAnswer(
    { path: '/v1/x', query: { state: 'online', label_selector: 'a=b,c=>d' } },
    window,
    {
      items: [1],
      total: 1,
    },
  );
  assert.is(
    headers['Link'],
    '</v1/x?state=online&label_selector=a%3Db%2Cc%3D%3Ed&page=1&per_page=20>; rel="first", ' +
      '</v1/x?state=online&label_selector=a%3Db%2Cc%3D%3Ed&page=1&per_page=20>; rel="last"',
  );
  assert.equal(body, { data: [1], meta: { page: 1, per_page: 20, total: 1 } });
});

test.run();
