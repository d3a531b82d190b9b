// SPDX-License-Identifier: Apache-2.0
import { connect } from 'node:http2';
import { gzipSync } from 'node:zlib';
import { status } from '@grpc/grpc-js';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ConfigApplyStatus, type DeploymentMode, HealthReport } from '../proto/index.js';
import { until } from '../test/harness/until.js';
import { connectAgent, debian12, openStream } from './agent.harness.js';
import { host, hostUpsert, oneLocation } from './gateway.harness.js';
import { AGENT_HEALTH } from './index.js';
import { type Scene, scene } from './scene.harness.js';

/** Fields that no message has, nested groups, wrong wire types, and numbers out of every range. */
const garbage: [string, Buffer][] = [
  ['bytes that are no protobuf', Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff])],
  ['a message that ends in the middle', Buffer.from([0x0a, 0x7f, 0x41])],
  ['groups nested 100,000 deep', Buffer.alloc(100_000, 0xdb)],
  ['no payload', Buffer.alloc(0)],
  [
    'a million unknown fields',
    Buffer.concat(Array.from({ length: 500_000 }, () => Buffer.from([0x78, 0x01]))),
  ],
];

for (const [what, bytes] of garbage) {
  test(
    `${what}: refused, and the gateway goes on`,
    scene(async ({ port, agentId, keys }) => {
      const anonymous = openStream(port, { caPem: keys.caPem }, '');
      anonymous.sendRaw(bytes);
      assert.is((await anonymous.ended).code, status.UNAUTHENTICATED);
      const agent = await connectAgent(port, keys, agentId);
      agent.sendRaw(bytes);
      assert.is((await agent.ended).code, status.INVALID_ARGUMENT);
      (await connectAgent(port, keys, agentId)).close();
    }),
  );
}

test(
  'unknown enum values, negative numbers and the name of the prototype do no harm',
  scene(async ({ w, port, agentId, keys }) => {
    const roots = JSON.parse('{"__proto__":"/srv"}') as Record<string, string>;
    const odd = debian12({ deploymentMode: 9999 as DeploymentMode, labels: roots });
    const agent = await connectAgent(port, keys, agentId, odd);
    const [update] = await agent.nextUpdate();
    agent.answer(update, 9999 as ConfigApplyStatus, { version: -1n });
    agent.send({
      $case: 'health',
      value: HealthReport.fromPartial({
        configVersion: -1n,
        nginx: { isRunning: true, totalRequests: 2n ** 64n - 1n, requestsPerSecond: Number.NaN },
      }),
    });
    agent.answer(update, ConfigApplyStatus.SUCCESS, { version: -1n, stageMs: { tested: 4_294_967_295 } });
    const facts = await w.until(agentId, (known) => known.some(({ type }) => type === 'config.applied'));
    assert.is(facts[0]?.type === 'agent.connected' && facts[0].data.facts.deployment_mode, 'standalone');
    const doc = await until('the report is kept', () => w.deps.readStore.get(AGENT_HEALTH, agentId));
    assert.is(doc['config_version'], 0);
    assert.equal(
      (doc as { nginx?: { total_requests?: number } }).nginx?.total_requests,
      Number.MAX_SAFE_INTEGER,
    );
    agent.close();
  }),
);

/** Sends bytes as the body of a call, as no proper client would. */
function rawCall(
  { port, keys }: Scene,
  chunks: readonly Buffer[],
  headers: Record<string, string> = {},
): Promise<number> {
  return new Promise((resolve, reject) => {
    const { caPem: ca, keyPem: key, certificatePem: cert } = keys;
    const session = connect(`https://127.0.0.1:${port}`, { ca, ...(key && cert ? { key, cert } : {}) });
    session.on('error', reject);
    const call = session.request({
      ':method': 'POST',
      ':path': '/nxmesh.agent.v1.AgentService/Stream',
      'content-type': 'application/grpc',
      te: 'trailers',
      ...headers,
    });
    const done = (fields: Record<string, unknown>): void => {
      if (fields['grpc-status'] !== undefined) {
        resolve(Number(fields['grpc-status']));
        session.destroy();
      }
    };
    call.on('response', done);
    call.on('trailers', done);
    call.on('error', () => {});
    call.resume();
    for (const chunk of chunks) {
      call.write(chunk);
    }
  });
}

const frame = (body: Buffer, compressed = 0, length = body.length): Buffer => {
  const head = Buffer.alloc(5);
  head.writeUInt8(compressed, 0);
  head.writeUInt32BE(length, 1);
  return Buffer.concat([head, body]);
};

test(
  'messages beyond the limit are refused by their header, unpacked or not',
  scene(async (one) => {
    const before = process.memoryUsage().rss;
    assert.is(await rawCall(one, [frame(Buffer.alloc(0), 0, 2 ** 31)]), status.RESOURCE_EXHAUSTED);
    assert.is(await rawCall(one, [frame(Buffer.alloc(0), 0, 64 * 2 ** 20)]), status.RESOURCE_EXHAUSTED);
    const bomb = gzipSync(Buffer.alloc(256 * 2 ** 20), { level: 9 });
    const packed = frame(bomb, 1);
    assert.is(await rawCall(one, [packed], { 'grpc-encoding': 'gzip' }), status.RESOURCE_EXHAUSTED);
    const grown = (process.memoryUsage().rss - before) / 2 ** 20;
    assert.ok(grown < 300, `${grown.toFixed()} MB, the bomb of the test included`);
    (await connectAgent(one.port, one.keys, one.agentId)).close();
  }),
);

/** More than the windows of HTTP/2 and the buffers of both sockets take. */
function big() {
  const header = {
    name: 'X-Padding',
    value: 'x'.repeat(2000),
    always: false,
    applies_to: 'response' as const,
  };
  return Array.from({ length: 50 }, (_, index) =>
    hostUpsert(
      host({
        server_name: `h${index}.example.com`,
        locations: Array.from({ length: 100 }, (__, at) => ({
          ...oneLocation,
          path: `/${at}`,
          custom_headers: [header],
        })),
      }),
    ),
  );
}

test(
  'an agent that stops reading is cut off, and is sent only the newest when it comes back',
  scene(
    async ({ w, port, agentId, keys }) => {
      await w.publish({ upserts: big() });
      const agent = openStream(port, keys, agentId);
      agent.pause();
      agent.send({ $case: 'registration', value: debian12() });
      assert.is((await agent.ended).code, status.UNAVAILABLE);
      const facts = await w.until(agentId, (known) => known.at(-1)?.type === 'agent.disconnected');
      const last = facts.at(-1);
      assert.is(
        last?.type === 'agent.disconnected' && last.data.reason,
        'connection_closed',
        'not by its silence',
      );
      await w.publish({ upserts: [hostUpsert(host({ server_name: 'late.example.com' }))] });
      await w.publish({ upserts: [hostUpsert(host({ server_name: 'later.example.com' }))] });
      const again = await connectAgent(port, keys, agentId);
      const parts = await again.nextUpdate();
      assert.is(parts[0]?.version, 4n);
      assert.ok(parts.length > 3, `${parts.length} parts`);
      const digest = parts[0]?.digest;
      assert.ok(parts.every((part, index) => part.digest === digest && part.part === index + 1));
      again.close();
    },
    { stallMs: 500 },
  ),
);

test(
  'a slow reader is told why its stream ends, whatever still waited for it',
  scene(async ({ w, port, agentId, keys }) => {
    await w.publish({ upserts: big() });
    const slow = openStream(port, keys, agentId);
    slow.pause();
    slow.send({ $case: 'registration', value: debian12() });
    await w.until(agentId, (known) => known.some(({ type }) => type === 'config.sent'));
    const newer = await connectAgent(port, keys, agentId);
    slow.resume();
    assert.is((await slow.ended).code, status.ABORTED);
    newer.close();
  }),
);

test.run();
