// SPDX-License-Identifier: Apache-2.0
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  agentFact,
  certificateFact,
  created,
  hostFact,
  id,
  upstreamFact,
  upstreamOf,
} from '../../domain/workspace/workspace.fixture.js';
import { eventLog, memoryLog } from '../../event-log/index.js';
import { deferred, digestOf, systemClock } from '../../kernel/index.js';
import type { Fact, WorkspaceEvent } from '../../schemas/index.js';
import { all, append, pass, source, versions } from './desired-config.harness.js';
import { desiredConfig, runDesiredConfig } from './workflow.js';

const upstream = upstreamFact(2);
const host = hostFact(3, { locations: [{ path: '/', upstream_id: id(2) }] }, upstream);
const agent = agentFact(4, { env: 'production' });
const renamed: Fact<'upstream.updated'> = {
  type: 'upstream.updated',
  data: {
    upstream: { ...upstreamOf(upstream), keepalive_connections: 8 },
    changed: ['keepalive_connections'],
  },
};

test('a burst becomes one version that holds the changed resources whole and names its causes', async () => {
  const log = eventLog(memoryLog());
  await append(log, created, upstream, host, agent);
  await pass(log);
  const [version, ...rest] = await versions(log);
  assert.is(rest.length, 0);
  assert.is(version?.data.version, 1);
  assert.is(version?.data.source_revision, '3');
  assert.equal(
    version?.data.upserts.map((one) => one.kind),
    ['agent', 'upstream', 'virtual_host'],
  );
  assert.equal(Object.keys(version?.data.targets ?? {}), ['all']);
  assert.equal(
    version?.data.causes.map((one) => [one.type, one.resource_name]),
    [
      ['upstream.created', 'backend-2'],
      ['virtual_host.created', 'Host 3'],
      ['agent.enrolled', 'agent-4'],
    ],
  );
});

test('a restart publishes nothing twice, and a change of an upstream touches the targets of its hosts', async () => {
  const log = eventLog(memoryLog());
  await append(log, created, upstream, host);
  await pass(log);
  await pass(log);
  assert.is((await versions(log)).length, 1);
  await append(log, renamed);
  await pass(log);
  const [first, second] = await versions(log);
  assert.equal(
    second?.data.upserts.map((one) => one.id),
    [id(2)],
  );
  assert.is.not(second?.data.targets.all, first?.data.targets.all);
});

test('what changes nothing is no version, and an undone change gives the digest of before', async () => {
  const log = eventLog(memoryLog());
  await append(log, created, upstream, host);
  await pass(log);
  const later = { ...upstreamOf(upstream), updated_at: '2026-02-01T00:00:00.000Z' };
  await append(log, { type: 'upstream.updated', data: { upstream: later, changed: [] } });
  await pass(log);
  assert.is((await versions(log)).length, 1);
  await append(log, renamed);
  await pass(log);
  await append(log, {
    type: 'upstream.updated',
    data: { upstream: later, changed: ['keepalive_connections'] },
  });
  await pass(log);
  const found = await versions(log);
  assert.equal(
    found.map((one) => one.data.version),
    [1, 2, 3],
  );
  assert.is(found[2]?.data.targets.all, found[0]?.data.targets.all);
});

test('a host that moves to other agents touches both targets, and a deleted one its own', async () => {
  const log = eventLog(memoryLog());
  await append(log, created, upstream, host);
  await pass(log);
  const target_agents = { type: 'selector' as const, label_selector: 'region=eu,env=production' };
  await append(log, {
    type: 'virtual_host.updated',
    data: { virtual_host: { ...host.data.virtual_host, target_agents }, changed: ['target_agents'] },
  });
  await pass(log);
  await append(log, {
    type: 'virtual_host.deleted',
    data: { virtual_host_id: id(3), name: 'Host 3', at: '2026-01-15T10:30:00.000Z' },
  });
  await pass(log);
  const [, second, third] = await versions(log);
  assert.equal(Object.keys(second?.data.targets ?? {}), ['all', 'selector:env=production,region=eu']);
  assert.equal(Object.keys(third?.data.targets ?? {}), ['selector:env=production,region=eu']);
  assert.equal(third?.data.removes, [{ kind: 'virtual_host', id: id(3) }]);
});

test('two workflows at once publish nothing twice', async () => {
  const log = eventLog(memoryLog());
  const two = [desiredConfig({ log, clock: systemClock }), desiredConfig({ log, clock: systemClock })];
  await append(log, created, upstream, host, agent, renamed);
  const events = (await all(log, source)) as WorkspaceEvent[];
  await Promise.all(
    two.map(async (workflow, n) => {
      for (const one of events) {
        await workflow.take(one);
        if (n === 0) {
          await workflow.settle();
        }
      }
      await workflow.settle();
    }),
  );
  const found = await versions(log);
  assert.equal(
    found.map((one) => one.data.version),
    found.map((_, index) => index + 1),
  );
  const last = new Map(
    found.flatMap((one) => one.data.upserts.map((upsert) => [upsert.id, digestOf(upsert.resource)])),
  );
  assert.is(last.get(id(2)), digestOf(renamed.data.upstream));
});

test('a workflow that was overtaken takes nothing back', async () => {
  const log = eventLog(memoryLog());
  const [paused, other] = [
    desiredConfig({ log, clock: systemClock }),
    desiredConfig({ log, clock: systemClock }),
  ];
  await append(log, created, upstream);
  const [first, second] = (await all(log, source)) as WorkspaceEvent[];
  for (const one of [first, second]) {
    await paused.take(one as WorkspaceEvent);
  }
  await append(log, renamed);
  for (const one of (await all(log, source)) as WorkspaceEvent[]) {
    await other.take(one);
  }
  await other.settle();
  await paused.settle();
  const found = await versions(log);
  assert.is(found.length, 1);
  assert.equal(found[0]?.data.upserts[0]?.resource, renamed.data.upstream);
});

test('a version larger than 512 kB stands in parts and is complete at the last', async () => {
  const log = eventLog(memoryLog());
  const value = 'x'.repeat(2000);
  const custom_headers = Array.from({ length: 60 }, (_, n) => ({ name: `X-${n}`, value }));
  const hosts = Array.from({ length: 6 }, (_, n) =>
    hostFact(n + 10, { locations: [{ path: '/', upstream_id: id(2), custom_headers }] }, upstream),
  );
  await append(log, created, upstream, ...hosts);
  await pass(log);
  const found = await versions(log);
  assert.ok(found.length > 1, 'one part');
  assert.equal(new Set(found.map((one) => one.data.version)), new Set([1]));
  assert.equal(
    found.map((one) => one.data.part),
    found.map((_, index) => index + 1),
  );
  assert.is(found.flatMap((one) => one.data.upserts).length, 7);
  await pass(log);
  assert.is((await versions(log)).length, found.length);
});

test('follows the log and keeps its checkpoint at what is published', async () => {
  const log = eventLog(memoryLog());
  const stopping = new AbortController();
  const saved = deferred<bigint>();
  await append(log, created, upstream, host);
  const head = await log.head();
  const checkpoint = {
    load: async () => 0n,
    save: async (position: bigint) => (position >= head ? saved.resolve(position) : undefined),
  };
  const running = runDesiredConfig({ log, clock: systemClock, checkpoint }, stopping.signal);
  await saved.promise;
  assert.is((await versions(log)).length, 1);
  stopping.abort();
  await running;
});

test('a certificate stands in the version with its hosts, and its fingerprint is part of their digest', async () => {
  const targetOf = async (fingerprint: string): Promise<unknown> => {
    const log = eventLog(memoryLog());
    const certificate = certificateFact(7, ['a.example.com']);
    certificate.data.certificate.fingerprint = fingerprint;
    const tls = hostFact(
      3,
      { server_name: 'a.example.com', ssl_enabled: true, ssl_certificate_id: id(7) },
      certificate,
    );
    await append(log, created, certificate, tls);
    await pass(log);
    const [version] = await versions(log);
    assert.equal(
      version?.data.upserts.map((one) => one.kind),
      ['certificate', 'virtual_host'],
    );
    return version?.data.targets['all'];
  };
  assert.is(await targetOf('a'.repeat(64)), await targetOf('a'.repeat(64)));
  assert.is.not(await targetOf('a'.repeat(64)), await targetOf('b'.repeat(64)));
});

test('a deleted certificate leaves the version, and touches nobody', async () => {
  const log = eventLog(memoryLog());
  await append(log, created, certificateFact(7, ['a.example.com']));
  await pass(log);
  await append(log, {
    type: 'certificate.deleted',
    data: { certificate_id: id(7), domain: 'a.example.com', at: '2026-01-15T10:30:00.000Z' },
  });
  await pass(log);
  const last = (await versions(log)).at(-1);
  assert.equal([last?.data.removes, last?.data.targets], [[{ kind: 'certificate', id: id(7) }], {}]);
  assert.is(last?.data.causes[0]?.resource_name, 'a.example.com');
});

test.run();
