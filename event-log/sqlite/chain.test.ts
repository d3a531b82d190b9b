// SPDX-License-Identifier: Apache-2.0
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { sha256 } from '../../kernel/index.js';
import { chained, GENESIS } from './chain.js';

const event = {
  position: 12,
  stream: 'workspace-1',
  revision: 3,
  id: 'e1',
  type: 'upstream.created',
  meta: '{"actor":"system"}',
  data: '{"a":1}',
};

test('any tool can recompute a link: the hash before and every part of the event, each on a line', () => {
  const text = [
    '0'.repeat(64),
    '12',
    'workspace-1',
    '3',
    'e1',
    'upstream.created',
    '{"actor":"system"}',
    '{"a":1}',
  ].join('\n');
  const first = chained(GENESIS, event);
  assert.is(first.toString('hex'), sha256(text));
  const next = chained(first, event).toString('hex');
  assert.is(next, sha256(text.replace('0'.repeat(64), sha256(text))));
});

test.run();
