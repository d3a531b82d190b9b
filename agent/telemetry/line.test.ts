// SPDX-License-Identifier: Apache-2.0
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseLine } from './line.js';
import { countLine, type Minutes, metricsOf, minuteAt, prune } from './minutes.js';

const line = (over: Record<string, unknown> = {}): string =>
  JSON.stringify({
    msec: '1772323200.123',
    remote_addr: '192.0.2.1',
    method: 'GET',
    uri: '/a?b=c',
    protocol: 'HTTP/1.1',
    host: 'example.com',
    status: '200',
    body_bytes_sent: '12',
    bytes_in: '80',
    bytes_out: '200',
    request_time: '0.1505',
    user_agent: 'curl',
    referer: '',
    request_id: 'abc',
    ...over,
  });

test('a line of nginx', () => {
  const parsed = parseLine(line());
  assert.ok(parsed);
  const { fields, ...numbers } = parsed;
  assert.equal(numbers, {
    at: 1_772_323_200_123,
    status: 200,
    responseTimeMs: 150.5,
    bytesIn: 80,
    bytesOut: 200,
  });
  assert.equal(fields, {
    status: '200',
    body_bytes_sent: '12',
    response_time_ms: '150.5',
    remote_addr: '192.0.2.1',
    method: 'GET',
    uri: '/a?b=c',
    protocol: 'HTTP/1.1',
    host: 'example.com',
    user_agent: 'curl',
    request_id: 'abc',
  });
});

test('what is no line of ours is passed over, and none throws', () => {
  const others = [
    '',
    '{',
    'null',
    '1',
    '"x"',
    '[]',
    '{}',
    '192.0.2.1 - - [01/Mar/2026]',
    line().slice(0, 40),
  ];
  others.push(...['', 'x', '-1', '0', '1e300', null, {}].map((msec) => line({ msec })));
  others.push('['.repeat(100_000));
  for (const text of others) {
    assert.is(parseLine(text), undefined, text.slice(0, 60));
  }
});

test('wrong members are left out, long ones cut between characters', () => {
  const odd = parseLine(
    line({ status: '000', uri: { toString: 1 }, host: null, bytes_in: 'x', bytes_out: '-5' }),
  );
  assert.equal(
    [odd?.status, odd?.fields.uri, odd?.fields.host, odd?.bytesIn, odd?.bytesOut],
    [0, undefined, undefined, 0, 0],
  );
  const long = parseLine(line({ uri: `/${'😀'.repeat(5000)}`, user_agent: 'a'.repeat(100_000) }));
  assert.is(long?.fields.uri?.length, 2048);
  assert.not.match(long?.fields.uri ?? '', /\p{Cs}/u);
  assert.is(long?.fields.user_agent?.length, 512);
});

test('a minute holds what was counted in it, and is told whole', () => {
  const minutes: Minutes = new Map();
  for (const [status, request_time] of [
    ['200', '0.001'],
    ['204', '0.050'],
    ['301', '0.051'],
    ['404', '99'],
    ['502', '10.000'],
    ['101', '0'],
    ['000', '0'],
  ]) {
    const parsed = parseLine(line({ status, request_time }));
    if (parsed) {
      countLine(minutes, parsed);
    }
  }
  const [[start, minute] = [0, minuteAt(minutes, 0)]] = minutes;
  minute.active = 7;
  assert.is(start, 1_772_323_200_000);
  const metrics = metricsOf(start, minute).map(
    ({ name, value, labels }) => `${[name, ...Object.values(labels)].join(' ')} = ${value}`,
  );
  assert.equal(metrics, [
    'nxmesh_minute_requests = 7',
    'nxmesh_minute_responses 1xx = 1',
    'nxmesh_minute_responses 2xx = 2',
    'nxmesh_minute_responses 3xx = 1',
    'nxmesh_minute_responses 4xx = 1',
    'nxmesh_minute_responses 5xx = 1',
    'nxmesh_minute_bytes in = 560',
    'nxmesh_minute_bytes out = 1400',
    'nxmesh_minute_latency_ms = 109102',
    'nxmesh_minute_latency 1 = 3',
    'nxmesh_minute_latency 50 = 1',
    'nxmesh_minute_latency 100 = 1',
    'nxmesh_minute_latency 10000 = 1',
    'nxmesh_minute_latency inf = 1',
    'nxmesh_minute_active_connections = 7',
  ]);
});

test('minutes are kept until they are told, a day of them at most', () => {
  const minutes: Minutes = new Map();
  for (let n = 0; n < 2000; n += 1) {
    const minute = minuteAt(minutes, n * 60_000);
    if (n < 1000) {
      minute.told = minute.changes;
    }
  }
  prune(minutes, 500 * 60_000);
  assert.is(Math.min(...minutes.keys()), 560 * 60_000);
  assert.is(minutes.size, 1440);
  prune(minutes, 2000 * 60_000);
  assert.is(minutes.size, 1000);
});

test.run();
