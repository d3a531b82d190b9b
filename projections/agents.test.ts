// SPDX-License-Identifier: Apache-2.0
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { streams } from '../kernel/index.js';
import type { AgentFacts, Fact, ParkedHost } from '../schemas/index.js';
import { type AgentDoc, agents } from './agents.js';
import * as make from './facts.harness.js';
import { documentsAfter, type Given } from './given.harness.js';

const test = suite('projections: agents');
const at = make.AT;
const web = make.agent('web');
const agent_id = web.id;
const stream = streams.agent(web.id);
const session = (n: number): string => make.id('session', n);
const facts: AgentFacts = {
  hostname: 'web-01.internal',
  ip_address: '10.0.1.10',
  version: '0.1.0',
  deployment_mode: 'docker_sidecar',
  capabilities: ['http2'],
  nginx_version: '1.22.1',
};

const enrolled: Fact = {
  type: 'agent.enrolled',
  data: { agent: web, token_sha256: make.digest('t'), token_expires_at: at },
};
const connected = (n = 1): Fact => ({
  type: 'agent.connected',
  data: { agent_id, session_id: session(n), facts, at },
});
const disconnected = (n = 1): Fact => ({
  type: 'agent.disconnected',
  data: { agent_id, session_id: session(n), reason: 'connection_timeout', at: '2026-03-02T13:00:00.000Z' },
});
const moved = { agent_id, digest: make.digest('d'), at };
const applied = (version: number): Fact => ({
  type: 'config.applied',
  data: { ...moved, version, duration_ms: 1, stages: {} },
});
const failure = (version: number) => ({
  version,
  digest: make.digest('d'),
  reason: 'PORT_IN_USE' as const,
  stage: 'proven' as const,
  message: 'port 80 is taken',
  nginx_output: 'bind() failed',
  culprit: null,
  duration_ms: 1,
  at,
});
const refused = (version: number): Fact => ({
  type: 'config.refused',
  data: { agent_id, failure: failure(version) },
});
const rolledBack = (version: number): Fact => ({
  type: 'config.rolled_back',
  data: { agent_id, failure: failure(version) },
});
const nginx = (what: 'started' | 'stopped'): Fact => ({ type: `nginx.${what}`, data: { agent_id, at } });

async function after(...own: readonly Fact[]): Promise<AgentDoc> {
  const given: Given = [[make.WORKSPACE, enrolled], ...(own.length > 0 ? [[stream, ...own] as const] : [])];
  return (await documentsAfter(agents, given))[web.id] as unknown as AgentDoc;
}

test('enrolled: what people said of it, and nothing of itself', async () => {
  assert.equal(await after(), {
    ...web,
    organization_id: make.ORGANIZATION,
    hostname: null,
    ip_address: null,
    version: null,
    deployment_mode: null,
    capabilities: null,
    nginx_version: null,
    state: 'offline',
    last_seen_at: null,
    registered: false,
    sent: null,
    applied: null,
    refused: null,
    parked: [],
    overdue: null,
    _enrolled: '0',
    _session: null,
    _nginx_stopped: false,
    _revision: '0',
    _position: '16',
  });
});

test('connected: online with its own facts; gone: offline, the facts stay', async () => {
  const online = await after(connected());
  assert.equal([online.state, online.hostname, online.last_seen_at], ['online', facts.hostname, at]);
  assert.equal(
    [online._revision, online._position],
    ['0', '32'],
    'its facts are no revision of its workspace',
  );
  const gone = await after(connected(), disconnected());
  assert.equal(
    [gone.state, gone.hostname, gone.last_seen_at],
    ['offline', facts.hostname, '2026-03-02T13:00:00.000Z'],
  );
});

test('a session that ends late does not end the one that replaced it', async () => {
  assert.is((await after(connected(1), connected(2), disconnected(1))).state, 'online');
  assert.is((await after(connected(1), connected(2), disconnected(1), disconnected(2))).state, 'offline');
});

test('nginx stopped: degraded until it runs again, while connected', async () => {
  assert.is((await after(connected(), nginx('stopped'))).state, 'degraded');
  assert.is((await after(connected(), nginx('stopped'), nginx('started'))).state, 'online');
  assert.is((await after(connected(), nginx('stopped'), disconnected())).state, 'offline');
  assert.is((await after(connected(), nginx('stopped'), disconnected(), connected(2))).state, 'degraded');
});

test('sent, applied and refused are separate facts', async () => {
  const sent: Fact = { type: 'config.sent', data: { ...moved, version: 7 } };
  const doc = await after(connected(), applied(6), sent, refused(7));
  assert.equal(doc.sent, { version: 7, digest: make.digest('d'), at });
  assert.equal(doc.applied, { version: 6, digest: make.digest('d'), at });
  const { version, reason, stage, message } = failure(7);
  assert.equal(doc.refused, { version, reason, stage, message, digest: make.digest('d'), at });
  assert.is(doc.state, 'degraded');
});

test('degraded until something as new as the refused version is applied', async () => {
  for (const failed of [refused, rolledBack]) {
    assert.is((await after(connected(), failed(7), applied(6))).state, 'degraded');
    assert.is((await after(connected(), failed(7), applied(7))).state, 'online');
    assert.is((await after(connected(), failed(7), applied(8))).refused, null);
    assert.is((await after(failed(7))).state, 'offline');
  }
});

test('renamed, registered and removed', async () => {
  const renamed = { ...make.agent('web', 'web-renamed'), labels: { tier: 'web' } };
  const registered: Fact = {
    type: 'agent.registered',
    data: { agent_id, public_key_sha256: make.digest('k'), at },
  };
  const given: Given = [
    [make.WORKSPACE, enrolled, registered],
    [stream, connected()],
    [make.WORKSPACE, { type: 'agent.updated', data: { agent: renamed, changed: ['name'] } }],
  ];
  const doc = (await documentsAfter(agents, given))[web.id];
  assert.ok(doc);
  assert.equal(
    [doc.name, doc.labels, doc.registered, doc.state],
    ['web-renamed', { tier: 'web' }, true, 'online'],
  );
  assert.equal([doc._revision, doc._position], ['2', '64']);
  const removed: Fact = { type: 'agent.removed', data: { agent_id, name: 'web', at } };
  assert.equal(
    await documentsAfter(agents, [...given, [make.WORKSPACE, removed], [stream, disconnected()]]),
    {},
  );
});

test('facts of an agent that was never enrolled are nobody’s', async () => {
  assert.equal(await documentsAfter(agents, [[stream, connected(), applied(1)]]), {});
});

test('with a host parked it is degraded until none is', async () => {
  const parkedHost = make.parkedHost('shop');
  const parked = (...hosts: readonly ParkedHost[]): Fact => ({
    type: 'config.parked',
    data: { agent_id, version: 2, hosts: [...hosts], at },
  });
  const partial = await after(connected(), parked(parkedHost), applied(2));
  assert.equal([partial.state, partial.parked], ['degraded', [parkedHost]]);
  const whole = await after(connected(), parked(parkedHost), applied(2), parked(), applied(3));
  assert.equal([whole.state, whole.parked], ['online', []]);
});

test('what it should have proven by now degrades it, until it has', async () => {
  const overdue: Fact = { type: 'config.overdue', data: { ...moved, version: 2 } };
  assert.is((await after(connected(), overdue)).state, 'degraded');
  assert.is((await after(connected(), overdue, applied(2))).state, 'online');
  assert.is((await after(connected(), overdue, disconnected(), connected(2))).state, 'online');
});

test.run();
