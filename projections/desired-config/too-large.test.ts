// SPDX-License-Identifier: Apache-2.0
/** Versions where a log takes only so much at once. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  created,
  hostFact,
  id,
  upstreamFact,
  upstreamOf,
  WORKSPACE,
} from '../../domain/workspace/workspace.fixture.js';
import { AppendTooLarge, type EventLog, eventLog, memoryLog } from '../../event-log/index.js';
import { uuidv5 } from '../../kernel/index.js';
import type { Fact } from '../../schemas/index.js';
import { append, pass, versions } from './desired-config.harness.js';
import type { Refused } from './workflow.js';

const upstream = upstreamFact(2);
const renamed: Fact<'upstream.updated'> = {
  type: 'upstream.updated',
  data: {
    upstream: { ...upstreamOf(upstream), keepalive_connections: 8 },
    changed: ['keepalive_connections'],
  },
};

test('where a log takes only so much at once a burst becomes several versions, none of them too large', async () => {
  const inner = eventLog(memoryLog());
  const maxAppendBytes = 300_000;
  const sizes: number[] = [];
  const log: EventLog = {
    ...inner,
    maxAppendBytes,
    append: (stream, expected, events) => {
      sizes.push(Buffer.byteLength(JSON.stringify(events)));
      return inner.append(stream, expected, events);
    },
  };
  const value = 'x'.repeat(2000);
  const custom_headers = Array.from({ length: 50 }, (_, n) => ({ name: `X-${n}`, value }));
  const hosts = Array.from({ length: 6 }, (_, n) =>
    hostFact(n + 10, { locations: [{ path: '/', upstream_id: id(2), custom_headers }] }, upstream),
  );
  await append(inner, created, upstream, ...hosts);
  await pass(log);
  assert.ok(sizes.length > 1 && sizes.every((bytes) => bytes <= maxAppendBytes), String(sizes));
  const upserts = (await versions(log)).flatMap(({ data }) => data.upserts.map((one) => one.id));
  assert.equal(upserts, [id(2), ...hosts.map(({ data }) => data.virtual_host.id)]);
});

/** Takes no more at once than so much. */
function bounded(inner: EventLog, maxAppendBytes: number): EventLog {
  return {
    ...inner,
    maxAppendBytes,
    append: async (stream, expected, events) => {
      const bytes = Buffer.byteLength(JSON.stringify(events));
      if (bytes > maxAppendBytes) {
        throw new AppendTooLarge(stream, maxAppendBytes, bytes);
      }
      return inner.append(stream, expected, events);
    },
  };
}

test('a version that is too large with the targets that it names is published in several, each of which can be served', async () => {
  const inner = eventLog(memoryLog());
  const hosts = Array.from({ length: 8 }, (_, n) => {
    const agent_ids = Array.from({ length: 200 }, (_, m) => uuidv5('agent', n, m));
    const fact = hostFact(n + 10, { locations: [{ path: '/', upstream_id: id(2) }] }, upstream);
    fact.data.virtual_host.target_agents = { type: 'list', agent_ids };
    return fact;
  });
  await append(inner, created, upstream, ...hosts);
  await pass(bounded(inner, 40_000));
  await pass(bounded(inner, 40_000));
  const found = await versions(inner);
  assert.ok(found.length > 1);
  assert.is(found.at(-1)?.data.source_revision, '9');
  const upserts = found.flatMap(({ data }) => data.upserts.map((one) => one.id));
  assert.is(upserts[0], id(2), 'what hosts name comes first');
  assert.equal(upserts.toSorted(), [id(2), ...hosts.map(({ data }) => data.virtual_host.id)].toSorted());
  assert.is(found.flatMap(({ data }) => data.causes).length, 9);
  // All at once: the upstream touches every target, which is more than the log takes.
  await append(inner, renamed);
  const refused: Refused[] = [];
  await pass(bounded(inner, 40_000), (one) => refused.push(one));
  assert.equal(
    refused.map(({ workspaceId, resources }) => [workspaceId, resources]),
    [[WORKSPACE, [{ kind: 'upstream', id: id(2) }]]],
  );
  await append(inner, hostFact(30, { name: 'Later', server_name: 'later.example.com' }));
  await pass(bounded(inner, 40_000));
  assert.equal(
    (await versions(inner)).at(-1)?.data.upserts.map((one) => one.id),
    [id(30)],
  );
});

test.run();
