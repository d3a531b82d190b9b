// SPDX-License-Identifier: Apache-2.0
/** Metrics and access-log records from agents of all kinds: kept once, bounded, and in nobody's way. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { deferred, systemClock } from '../kernel/index.js';
import { LogBatch, Metric, MetricsBatch } from '../proto/index.js';
import { memoryReadStore, StoreUnavailable } from '../read-store/index.js';
import {
  counted,
  DAY_MS,
  floorTo,
  type LogAnswer,
  logReader,
  MINUTE_MS,
  metricsReader,
} from '../telemetry/index.js';
import { until } from '../test/harness/until.js';
import { connectAgent, openClient, type ScriptedAgent } from './agent.harness.js';
import { WORKSPACE } from './gateway.harness.js';
import { AGENT_METRICS } from './index.js';
import { fleet, type Scene, scene } from './scene.harness.js';

const noPause = async (): Promise<void> => {};

interface Line {
  readonly sequence?: number;
  readonly at?: number;
  readonly fields?: Record<string, string>;
}

const logs = (source: string, lines: readonly Line[]): LogBatch =>
  LogBatch.fromPartial({
    source,
    entries: lines.map(({ sequence = 0, at = systemClock.now(), fields = { status: '200', uri: '/' } }) => ({
      timestamp: BigInt(at),
      level: 'access',
      fields,
      sequence: BigInt(sequence),
    })),
  });

const numbered = (from: number, count: number): Line[] =>
  Array.from({ length: count }, (_, n) => ({
    sequence: from + n,
    fields: { status: '200', uri: `/${from + n}` },
  }));

/** Sends and waits for the acknowledgement: whether it is kept. */
async function send(agent: ScriptedAgent, value: LogBatch, messageId: string): Promise<boolean> {
  agent.send({ $case: 'logs', value }, { messageId });
  for (;;) {
    const ack = await agent.next('ack');
    if (ack.messageId === messageId) {
      return ack.success;
    }
  }
}

const found = (w: Pick<Scene['w'], 'deps'>): Promise<LogAnswer> => {
  const now = systemClock.now();
  const query = { workspaceId: WORKSPACE, from: now - DAY_MS, to: now + DAY_MS, limit: 10_000 };
  return logReader(w.deps.telemetryStore, noPause)(query);
};
const uris = async (w: Scene['w']): Promise<string[]> =>
  (await found(w)).records.map(({ uri }) => uri).sort();

test(
  'records that are sent again are kept once; another source begins anew',
  scene(async ({ w, port, agentId, keys }) => {
    const agent = await connectAgent(port, keys, agentId);
    assert.ok(await send(agent, logs('one', numbered(1, 3)), 'a'));
    assert.ok(await send(agent, logs('one', numbered(1, 5)), 'b'));
    agent.close();
    const again = await connectAgent(port, keys, agentId);
    assert.ok(await send(again, logs('one', numbered(4, 4)), 'c'));
    assert.equal(await uris(w), ['/1', '/2', '/3', '/4', '/5', '/6', '/7']);
    assert.ok(await send(again, logs('two', numbered(2, 1)), 'd'));
    assert.equal((await uris(w)).filter((uri) => uri === '/2').length, 2);
    again.close();
  }),
);

test(
  'two messages with the same records in one write are kept once',
  scene(async ({ w, port, agentId, keys }) => {
    const agent = await connectAgent(port, keys, agentId);
    agent.send({ $case: 'logs', value: logs('one', numbered(1, 3)) }, { messageId: 'a' });
    assert.ok(await send(agent, logs('one', numbered(2, 3)), 'b'));
    assert.equal(await uris(w), ['/1', '/2', '/3', '/4']);
    agent.close();
  }),
);

test(
  'an agent that knows only the specification: its logs have no numbers and its metrics names of their own',
  scene(async ({ w, port, agentId, keys }) => {
    const agent = await connectAgent(port, keys, agentId);
    const entries = [{ timestamp: 0n, level: 'error', message: 'upstream timed out', fields: { x: 'y' } }];
    assert.ok(await send(agent, LogBatch.fromPartial({ entries }), 'words'));
    assert.ok(
      await send(agent, logs('', [{ fields: { status: '503', uri: '/a', agent_id: 'other' } }, {}]), 'lines'),
    );
    const { records } = await found(w);
    assert.ok(records.every((one) => one.agentId === agentId));
    assert.equal(new Set(records.map(({ status }) => status)), new Set([200, 503]));
    const value = MetricsBatch.fromPartial({
      metrics: [{ name: 'my_requests', value: 3, labels: { a: 'b' } }],
    });
    agent.send({ $case: 'metrics', value }, { messageId: 'own' });
    assert.ok((await agent.next('ack')).success);
    agent.close();
    const doc = await until('the batch is written', () => w.deps.readStore.get(AGENT_METRICS, agentId));
    assert.equal(doc?.['metrics'], [
      { name: 'my_requests', value: 3, type: 0, labels: [{ name: 'a', value: 'b' }] },
    ]);
  }),
);

test(
  'hostile records are bounded and harmless, and their time is ours where theirs cannot be',
  scene(async ({ w, port, agentId, keys }) => {
    const agent = await connectAgent(port, keys, agentId);
    const now = systemClock.now();
    const fields = JSON.parse(
      '{"__proto__":"x","constructor":"y","status":"200","uri":"/","method":"GET\\r\\n","user_agent":"\\u001b[2J\\u202e","body_bytes_sent":"9e300","response_time_ms":"-4","host":"\\ud800"}',
    ) as Record<string, string>;
    const hostile: Line[] = [
      { fields: { ...fields, uri: 'u'.repeat(100_000), referer: 'é'.repeat(5000) } },
      { fields: { ...fields }, at: now + 10 * DAY_MS },
      { fields: { ...fields }, at: -1 },
      { fields: { ...fields }, at: now - 30 * DAY_MS },
      ...['', 'x', '99', '2000', '-1', '2e2', '20x'].map((status) => ({ fields: { status, uri: '/' } })),
      { fields: {} },
    ];
    assert.ok(await send(agent, logs('', hostile), 'a'));
    const { records, dropped } = await found(w);
    assert.is(records.length, 3);
    assert.is(dropped, 1);
    for (const record of records) {
      assert.ok(Math.abs(record.at - now) < 60_000);
      assert.ok(record.uri.length <= 2048 && record.referer.length <= 1024);
      assert.not.match(Object.values(record).join(), /[\p{Cc}\p{Cs}\u202e]/u);
      assert.equal([record.bodyBytes, record.responseTimeMs], [Number.MAX_SAFE_INTEGER, 0]);
    }
    agent.close();
  }),
);

const minute = (at: number, requests: number, name = 'nxmesh_minute_requests'): Metric =>
  Metric.fromPartial({ name, value: requests, timestamp: BigInt(at) });

async function requests(w: Scene['w']): Promise<number> {
  const now = systemClock.now();
  const range = { from: floorTo(now - DAY_MS, MINUTE_MS), to: now + DAY_MS };
  return counted(
    await metricsReader(w.deps.telemetryStore).total({ workspaceId: WORKSPACE }, range),
    'requests',
  );
}

test(
  'a minute that is told again replaces itself, on the stream and beside it; what cannot be is left out',
  scene(async ({ w, port, agentId, keys }) => {
    const agent = await connectAgent(port, keys, agentId);
    const start = floorTo(systemClock.now(), MINUTE_MS) - 5 * MINUTE_MS;
    const tell = async (...metrics: Metric[]): Promise<void> => {
      agent.send({ $case: 'metrics', value: MetricsBatch.fromPartial({ metrics }) }, { messageId: 'm' });
      assert.ok((await agent.next('ack')).success);
    };
    await tell(minute(start, 10), minute(start + MINUTE_MS, 5));
    await tell(minute(start, 12));
    assert.is(await requests(w), 17);
    await tell(minute(start + 2 * MINUTE_MS, Number.NaN), minute(start + 3 * MINUTE_MS, -5));
    await tell(minute(start + DAY_MS, 100), minute(start - 30 * DAY_MS, 100), minute(-1, 1));
    await tell(
      Metric.fromPartial({ ...minute(start + MINUTE_MS, 5), labels: { status: '2xx', __proto__: 'x' } }),
    );
    assert.is(await requests(w), 17);
    const client = openClient(port, keys);
    const metrics = [minute(start + MINUTE_MS, 8)];
    const answer = await new Promise((resolve, reject) => {
      client.reportMetrics(MetricsBatch.fromPartial({ metrics }), (error, ack) =>
        error ? reject(error) : resolve(ack.success),
      );
    });
    assert.is(answer, true);
    assert.is(await requests(w), 20);
    client.close();
    agent.close();
  }),
);

test('while the store is away nothing is acknowledged as kept, and nothing is lost of what comes again', async () => {
  const store = memoryReadStore({ clock: systemClock });
  let away = false;
  const telemetryStore = {
    ...store,
    write: async (ops: Parameters<typeof store.write>[0]) => {
      if (away) {
        throw new StoreUnavailable('away');
      }
      await store.write(ops);
    },
  };
  await fleet(
    async ({ w, port, enrol }) => {
      const { agentId, keys } = await enrol();
      const agent = await connectAgent(port, keys, agentId);
      away = true;
      assert.not(await send(agent, logs('one', numbered(1, 3)), 'a'));
      const value = MetricsBatch.fromPartial({ metrics: [minute(systemClock.now(), 1)] });
      agent.send({ $case: 'metrics', value }, { messageId: 'm' });
      assert.not((await agent.next('ack')).success);
      away = false;
      assert.ok(await send(agent, logs('one', numbered(1, 3)), 'b'));
      assert.is((await found(w)).total, 3);
      agent.close();
    },
    {},
    { telemetryStore },
  )();
});

test('X43: a flood from one agent is held back and counted, and nobody else waits for it', async () => {
  await fleet(async ({ w, port, enrol }) => {
    const [loud, calm] = [await enrol(), await enrol()];
    const flood = await connectAgent(port, loud.keys, loud.agentId);
    const agent = await connectAgent(port, calm.keys, calm.agentId);
    const lines = Array.from({ length: 2500 }, (): Line => ({}));
    const message = logs('', lines);
    const MESSAGES = 40;
    const began = performance.now();
    for (let n = 0; n < MESSAGES; n += 1) {
      flood.send({ $case: 'logs', value: message }, { messageId: `f${n}` });
    }
    const times: number[] = [];
    for (let n = 0; n < 20; n += 1) {
      const started = performance.now();
      agent.send(
        { $case: 'event', value: { eventId: '', eventType: 'agent.test', timestamp: 0n, data: {} } },
        { messageId: `e${n}` },
      );
      await agent.next('ack');
      times.push(performance.now() - started);
    }
    times.sort((a, b) => a - b);
    assert.ok((times[10] ?? 0) < 100 && (times.at(-1) ?? 0) < 1000, times.map(Math.round).join(' '));
    assert.ok(await send(agent, logs('one', numbered(1, 3)), 'calm'));
    const answered = deferred();
    void (async () => {
      for (let n = 0; n < 5; n += 1) {
        await flood.next('ack');
      }
      answered.resolve();
    })();
    await answered.promise;
    const { total = 0, dropped } = await found(w);
    // Two seconds' worth, and what was allowed since.
    const allowed = 4000 + 2 * (performance.now() - began);
    assert.ok(total - 3 <= allowed, `${total} kept, ${allowed} allowed`);
    assert.ok(dropped > 0);
    assert.is((total - 3 + dropped) % 2500, 0);
    // Most of the flood still waits on its own connection.
    assert.ok(flood.received.length < MESSAGES);
    flood.close();
    agent.close();
  })();
});

test.run();
