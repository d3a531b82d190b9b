// SPDX-License-Identifier: Apache-2.0
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { RawEvent } from '../port.js';
import { recentIds } from './recent-ids.js';

const test = suite('event-log/eventstoredb/recent-ids');
const event = (number: number): RawEvent => ({
  id: `id-${number}`,
  type: 'upstream.created',
  data: '{}',
  meta: '{}',
});

test('an event is known at another stream and at another revision, not at its own', () => {
  const recent = recentIds();
  recent.add('workspace-a', 4n, [event(1), event(2)]);
  assert.not(recent.standElsewhere('workspace-a', 4n, [event(1), event(2)]));
  assert.ok(recent.standElsewhere('workspace-b', 4n, [event(1)]));
  assert.ok(recent.standElsewhere('workspace-a', 4n, [event(2)]));
  assert.not(recent.standElsewhere('workspace-b', 0n, [event(3)]));
});

test('the newest are known, as many as the limit says, and not for ever', () => {
  const recent = recentIds(3);
  const known = (number: number): boolean => recent.standElsewhere('workspace-b', 0n, [event(number)]);
  for (let number = 0; number < 20; number += 1) {
    recent.add('workspace-a', BigInt(number), [event(number)]);
    const newest = [number, number - 1, number - 2].filter((one) => one >= 0);
    assert.ok(newest.every(known), `after ${number}`);
  }
  assert.not(known(0));
  assert.not(known(10));
});

test.run();
