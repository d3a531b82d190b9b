// SPDX-License-Identifier: Apache-2.0
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CreateVirtualHost } from './commands/index.js';
import { Timestamp } from './common.js';
import { validator } from './validate.js';

const check = validator(CreateVirtualHost);

test('a value with a fault in each of its parts is told in bounded time and length', () => {
  const hostile = [
    { name: 'a', server_name: Array(20_000).fill(1) },
    { name: 'a', server_name: 'a', locations: Array(10_000).fill({ path: 'x' }) },
    { name: 'a', server_name: 'a', target_agents: { type: 'list', agent_ids: Array(20_000).fill('x') } },
    Object.fromEntries(Array.from({ length: 20_000 }, (_, index) => [`k${index}`, 1])),
  ];
  for (const value of hostile) {
    const times = Array.from({ length: 5 }, () => {
      const started = performance.now();
      const result = check(value);
      assert.is(result.ok, false);
      assert.ok(!result.ok && result.details.length >= 1 && result.details.length <= 50);
      return performance.now() - started;
    });
    assert.ok(Math.min(...times) < 50, `${times.join(', ')} ms`);
  }
});

test('a time is one that can be reckoned with and written in UTC: no leap second, no year of five digits', () => {
  const none = ['2016-12-31T23:59:60Z', '2026-02-30T00:00:00Z', '2026-13-01T00:00:00Z', 'now'];
  const beyond = ['9999-12-31T23:59:59-00:01', '0000-01-01T00:00:00+00:01'];
  for (const schema of [validator(Timestamp), validator(Timestamp, 'first')]) {
    for (const text of [...none, ...beyond]) {
      assert.is(schema(text).ok, false, text);
    }
    for (const text of ['2016-12-31T23:59:59Z', '2024-02-29T00:00:00.5+02:00', '9999-12-31T23:59:59.999Z']) {
      assert.is(schema(text).ok, true, text);
    }
  }
});

test.run();
