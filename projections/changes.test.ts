// SPDX-License-Identifier: Apache-2.0
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { streams } from '../kernel/index.js';
import type { ConfigCause, Fact, ParkedHost } from '../schemas/index.js';
import { changes, DELIVERIES, type DeliveryDoc, type VersionDoc, versionId } from './changes.js';
import { AT, digest, id, parkedHost, upstream } from './facts.harness.js';
import { documentsAfter, type Given } from './given.harness.js';

const workspace = id('workspace', 'w');
const agent = id('agent', 'a');

const cause: ConfigCause = {
  event_id: id('event', 'x'),
  type: 'upstream.updated',
  revision: '3',
  actor: 'user:1',
  command_id: 'command-1',
  correlation_id: 'req-1',
  recorded_at: AT,
  resource_kind: 'upstream',
  resource_id: id('upstream', 'api'),
  resource_name: 'api',
  changed: ['servers'],
};

const part = (number: number, parts: number, over: object = {}): Fact<'config.version_published'> => ({
  type: 'config.version_published',
  data: {
    workspace_id: workspace,
    version: 1,
    part: number,
    parts,
    source_revision: '3',
    compiler_version: 1,
    upserts: [{ kind: 'upstream', id: id('upstream', 'api'), resource: upstream('api') }],
    removes: [],
    targets: {},
    causes: number === 1 ? [cause] : [],
    ...over,
  },
});

const sent: Fact = {
  type: 'config.sent',
  data: { agent_id: agent, version: 1, digest: digest('a'), at: AT },
};
const applied: Fact = {
  type: 'config.applied',
  data: { agent_id: agent, version: 1, digest: digest('a'), duration_ms: 40, stages: { tested: 10 }, at: AT },
};
const failure = {
  version: 1,
  digest: digest('a'),
  reason: 'PORT_IN_USE' as const,
  stage: 'signalled' as const,
  message: 'listen_port of virtual host "Shop" is taken',
  nginx_output: 'bind() failed',
  culprit: null,
  duration_ms: 12,
  at: AT,
};

test('a version tells what changed and who asked, over all its parts', async () => {
  const given: Given = [
    [streams.config(workspace), part(1, 2), part(2, 2, { targets: { all: digest('t') } })],
  ];
  const docs = await documentsAfter(changes, given);
  const version = docs[versionId(workspace, 1)] as unknown as VersionDoc;
  assert.equal(version.causes, [cause]);
  assert.equal(version.targets, { all: digest('t') });
});

async function delivery(...facts: Fact[]): Promise<DeliveryDoc | undefined> {
  const docs = await documentsAfter(changes, [[streams.agent(agent), ...facts]], DELIVERIES);
  return Object.values(docs)[0] as unknown as DeliveryDoc;
}

test('an agent’s part of the story goes from sent to applied with its times', async () => {
  const doc = await delivery(sent, applied);
  assert.equal([doc?.state, doc?.sent_at, doc?.applied_at, doc?.duration_ms], ['applied', AT, AT, 40]);
  assert.equal(doc?.stages, { tested: 10 });
});

test('a refusal stands with its reason, and a later success takes its place', async () => {
  const refused = await delivery(sent, { type: 'config.refused', data: { agent_id: agent, failure } });
  assert.equal([refused?.state, refused?.failure?.reason], ['refused', 'PORT_IN_USE']);
  const back = await delivery(
    sent,
    { type: 'config.rolled_back', data: { agent_id: agent, failure } },
    applied,
  );
  assert.equal([back?.state, back?.failure], ['applied', null]);
});

test('what is applied while a host is parked is applied in part, and says which host', async () => {
  const parked = (...hosts: readonly ParkedHost[]): Fact => ({
    type: 'config.parked',
    data: { agent_id: agent, version: 1, hosts: [...hosts], at: AT },
  });
  const shop = parkedHost('shop', 1);
  const refused: Fact = { type: 'config.refused', data: { agent_id: agent, failure } };
  const partial = await delivery(sent, refused, parked(shop), applied);
  assert.equal([partial?.state, partial?.parked, partial?.failure], ['partial', [shop], null]);
  const whole = await delivery(sent, refused, parked(shop), parked(), applied);
  assert.equal([whole?.state, whole?.parked], ['applied', []]);
});

test.run();
