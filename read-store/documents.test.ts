// SPDX-License-Identifier: Apache-2.0
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { indexFor } from './documents.js';

const INDEXES = ['chain', 'chain,actor', 'chain,type', 'resource_id', 'at'];

test('the index that most filters lead into serves a query', () => {
  const where = { chain: 'c', actor: 'a', type: 't' };
  assert.is(indexFor(INDEXES, { where: { chain: 'c' } }), 'chain');
  assert.is(indexFor(INDEXES, { where: { chain: 'c', actor: 'a' } }), 'chain,actor');
  assert.is(indexFor(INDEXES, { where, orderBy: 'id' }), 'chain,type');
});

test('of equals the scope gives way', () => {
  assert.is(indexFor(INDEXES, { where: { chain: 'c', resource_id: 'r' } }), 'resource_id');
});

test('the order counts where nothing is filtered, and between equals', () => {
  assert.is(indexFor(INDEXES, { orderBy: 'at' }), 'at');
  assert.is(indexFor(['w,name', 'w'], { where: { w: 1 }, orderBy: 'name' }), 'w,name');
  assert.is(indexFor(['w,name', 'w'], { where: { w: 1 }, orderBy: 'id' }), 'w');
});

test('what no index begins with is not served', () => {
  assert.is(indexFor(INDEXES, { where: { actor: 'a' } }), undefined);
  assert.is(indexFor(INDEXES, { orderBy: 'actor' }), undefined);
});

test.run();
