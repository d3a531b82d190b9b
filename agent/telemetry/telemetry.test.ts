// SPDX-License-Identifier: Apache-2.0
/** The whole agent with a real nginx: what its master is told of real requests, over rotations. */
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type HealthReport, type LogEntry, type Metric, MetricType } from '../../proto/index.js';
import { connected, final, scene, startAgent } from '../agent.harness.js';
import type { Connection, Master } from '../master.harness.js';
import { freePort, get, site, updateOf } from '../nginx.harness.js';

const entries = (connection: Connection): LogEntry[] =>
  connection.messages.flatMap(({ payload }) => (payload?.$case === 'logs' ? payload.value.entries : []));

/** The newest value of every metric, added up over the minutes. */
function told(connection: Connection): ReadonlyMap<string, number> {
  const newest = new Map<string, Metric>();
  for (const { payload } of connection.messages) {
    for (const metric of payload?.$case === 'metrics' ? payload.value.metrics : []) {
      newest.set(`${metric.timestamp} ${metric.name} ${Object.values(metric.labels).join()}`, metric);
    }
  }
  const sums = new Map<string, number>();
  for (const { name, labels, value } of newest.values()) {
    const key = [name, ...Object.values(labels)].join(' ');
    sums.set(key, (sums.get(key) ?? 0) + value);
  }
  return sums;
}

const healths = (connection: Connection): HealthReport[] =>
  connection.messages.flatMap(({ payload }) => (payload?.$case === 'health' ? [payload.value] : []));

async function traffic(port: number, requests: number): Promise<void> {
  for (let from = 0; from < requests; from += 20) {
    await Promise.all(Array.from({ length: Math.min(20, requests - from) }, () => get(port)));
  }
}

/** Waits for a report; how many there are then. */
async function nextReport(master: Master, connection: Connection): Promise<number> {
  const before = healths(connection).length;
  await master.until('a report', () => healths(connection).length > before);
  return healths(connection).length;
}

test('requests are told one by one and counted minute by minute, over rotations of the log', () =>
  scene(async (master, stateDir) => {
    startAgent(master, stateDir, { accessLogBytes: 1, logLinesPerSecond: 100_000 });
    const connection = await connected(master, 1);
    const port = await freePort();
    const update = updateOf({ 'site.conf': site(port, 'hello') });
    connection.update(update);
    await final(master, connection, update.digest);
    // Three times as much as the least size at which a log is set aside.
    const log = join(stateDir, 'logs', 'access.log');
    let inode = 0;
    let rotations = 0;
    for (let round = 0; round < 3; round += 1) {
      await traffic(port, 250);
      await master.until('all are told', () => entries(connection).length === 250 * (round + 1));
      const found = statSync(log).ino;
      rotations += found === inode ? 0 : 1;
      inode = found;
    }
    assert.ok(rotations >= 2, String(rotations));
    const sequences = entries(connection).map(({ sequence }) => Number(sequence));
    assert.equal(
      sequences,
      [...new Set(sequences)].sort((a, b) => a - b),
    );
    const [entry] = entries(connection);
    assert.equal([entry?.level, entry?.fields.status, entry?.fields.uri], ['access', '200', '/']);
    await master.until('all are counted', () => told(connection).get('nxmesh_minute_requests') === 750);
    assert.is(told(connection).get('nxmesh_minute_responses 2xx'), 750);
    await master.until('what was set aside is gone', () => !existsSync(`${log}.1`));
  }));

test('requests a second are those of others: the agent asks nginx too, and does not count itself', () =>
  scene(async (master, stateDir) => {
    startAgent(master, stateDir);
    const connection = await connected(master, 1);
    const port = await freePort();
    const update = updateOf({ 'site.conf': site(port, 'hello') });
    connection.update(update);
    await final(master, connection, update.digest);
    const quiet = healths(connection).length;
    await master.until('quiet reports', () => healths(connection).length >= quiet + 3);
    for (const { nginx } of healths(connection).slice(quiet + 1)) {
      assert.ok((nginx?.requestsPerSecond ?? 99) <= 2, String(nginx?.requestsPerSecond));
    }
    const before = await nextReport(master, connection);
    const started = performance.now();
    await traffic(port, 300);
    const ended = healths(connection).length + 1;
    await master.until('it is told', () => healths(connection).length > ended);
    const reports = healths(connection).slice(before);
    // Reports come each second, on a busy machine less often: rates and time together are what was asked.
    const seconds = (performance.now() - started) / 1000 / reports.length;
    const sum = seconds * reports.reduce((total, { nginx }) => total + (nginx?.requestsPerSecond ?? 0), 0);
    assert.ok(sum > 240 && sum < 360, `${sum} of 300`);
  }));

test('without a log, the requests are those that nginx has counted itself', () =>
  scene(async (master, stateDir) => {
    startAgent(master, stateDir, { accessLog: false });
    const connection = await connected(master, 1);
    const update = updateOf({ 'site.conf': site(await freePort(), 'hello') });
    connection.update(update);
    await final(master, connection, update.digest);
    assert.not(existsSync(join(stateDir, 'logs', 'access.log')));
    const gauge = await master.until('a look at nginx is told', () =>
      connection.messages
        .flatMap(({ payload }) => (payload?.$case === 'metrics' ? payload.value.metrics : []))
        .find(({ name }) => name === 'nxmesh_minute_active_connections'),
    );
    assert.equal([gauge.type, gauge.value], [MetricType.GAUGE, 0]);
  }));

test.run();
