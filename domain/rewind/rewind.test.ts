// SPDX-License-Identifier: Apache-2.0
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { WorkspaceFact } from '../../schemas/index.js';
import { spec } from '../given.harness.js';
import { type WorkspaceCommand, workspace } from '../workspace/index.js';
import {
  AT,
  agentFact,
  certificateFact,
  created,
  hostFact,
  hostOf,
  id,
  upstreamFact,
  upstreamOf,
} from '../workspace/workspace.fixture.js';
import type { Change } from './index.js';

const given = spec(workspace);
const LATER = '2026-02-01T10:00:00.000Z';
const apply = (...changes: readonly Change[]): WorkspaceCommand => ({
  type: 'apply-changes',
  changes,
  at: LATER,
});
const [one, two] = [upstreamFact(1), upstreamFact(2)];
const rename = (fact: typeof one, name: string): Change => {
  const { id: upstream, name: before } = upstreamOf(fact);
  return { kind: 'upstream', id: upstream, expect: { name: before }, set: { name } };
};
const deleted = (fact: typeof one): WorkspaceFact => {
  const { id: upstream_id, name } = upstreamOf(fact);
  return { type: 'upstream.deleted', data: { upstream_id, name, at: LATER } };
};

test('a field goes back to what it was; where it is so already nothing happens', () => {
  const renamed = { ...upstreamOf(one), name: 'api', updated_at: LATER };
  given(created, one)
    .when(apply(rename(one, 'api')))
    .thenFacts({ type: 'upstream.updated', data: { upstream: renamed, changed: ['name'] } });
  given(created, one)
    .when(apply(rename(one, 'backend-1')))
    .thenFacts();
});

test('two change names with one another: what counts is what all of it comes to', () => {
  const facts = given(created, one, two)
    .when(apply(rename(one, 'backend-2'), rename(two, 'backend-1')))
    .facts();
  assert.equal(
    facts.map((fact) => fact.type === 'upstream.updated' && fact.data.upstream.name),
    ['backend-2', 'backend-1'],
  );
});

test('a name that another has taken since is refused, also when one of a name went first', () => {
  const refusal = given(created, one, two)
    .when(apply(rename(one, 'backend-2')))
    .thenRefused('CONFLICT', 'name');
  assert.match(refusal.details[0]?.message ?? '', /backend-2/);
  given(created, one, two)
    .when(apply({ kind: 'upstream', id: id(2), expect: {}, remove: true }, rename(one, 'backend-2')))
    .facts();
});

test('what was changed or deleted in the meantime is refused by its fields', () => {
  const stale: Change = { kind: 'upstream', id: id(1), expect: { name: 'other' }, set: { name: 'api' } };
  given(created, one).when(apply(stale)).thenRefused('CONFLICT', 'name');
  given(created).when(apply(stale)).thenRefused('CONFLICT', 'id');
});

test('what is made undone goes, unless something uses it by now', () => {
  const remove: Change = { kind: 'upstream', id: id(1), expect: {}, remove: true };
  given(created, one).when(apply(remove)).thenFacts(deleted(one));
  const host = hostFact(5, { locations: [{ path: '/', upstream_id: id(1) }] }, one);
  given(created, one, host).when(apply(remove)).thenRefused('CONFLICT', 'id');
});

test('what is deleted comes back as it was, once', () => {
  const put: Change = { kind: 'upstream', id: id(1), put: upstreamOf(one) };
  given(created, one, deleted(one))
    .when(apply(put))
    .thenFacts({
      type: 'upstream.created',
      data: { upstream: { ...upstreamOf(one), updated_at: LATER } },
    });
  given(created, one).when(apply(put)).thenRefused('CONFLICT', 'id');
});

test('a certificate does not come back, and one that was asked for goes with its order', () => {
  const uploaded = certificateFact(7, ['example.com']);
  given(created)
    .when(apply({ kind: 'certificate', id: id(7), put: uploaded.data.certificate }))
    .thenRefused('CONFLICT', 'id');
  const [requested] = given(created)
    .when({ type: 'request-certificate', id: id(8), domain: 'api.example.com', autoRenew: true, at: AT })
    .facts();
  assert.ok(requested);
  given(created, requested)
    .when(apply({ kind: 'certificate', id: id(8), expect: {}, remove: true }))
    .thenFacts({
      type: 'certificate.deleted',
      data: { certificate_id: id(8), domain: 'api.example.com', at: LATER },
    });
});

test('what uses something goes before it and comes after it', () => {
  const host = hostFact(5, { locations: [{ path: '/', upstream_id: id(1) }] }, one);
  const remove = (kind: Change['kind'], n: number): Change => ({ kind, id: id(n), expect: {}, remove: true });
  const types = (past: readonly WorkspaceFact[], ...changes: readonly Change[]) =>
    given(created, ...past)
      .when(apply(...changes))
      .facts()
      .map(({ type }) => type);
  assert.equal(types([one, host], remove('upstream', 1), remove('virtual_host', 5)), [
    'virtual_host.deleted',
    'upstream.deleted',
  ]);
  const puts: readonly Change[] = [
    { kind: 'virtual_host', id: id(5), put: hostOf(host) },
    { kind: 'upstream', id: id(1), put: upstreamOf(one) },
  ];
  assert.equal(types([], ...puts), ['upstream.created', 'virtual_host.created']);
});

test('what it comes to is held to the rules of ordinary changes', () => {
  const agents = [agentFact(10, { env: 'production' })];
  const selected = hostFact(6, {
    server_name: 'a.com',
    target_agents: { type: 'selector', label_selector: 'env=production' },
  });
  const back: Change = { kind: 'virtual_host', id: id(6), put: hostOf(selected) };
  const listed = hostFact(
    5,
    { server_name: 'a.com', target_agents: { type: 'list', agent_ids: [id(10)] } },
    ...agents,
  );
  given(created, ...agents, listed)
    .when(apply(back))
    .thenRefused('CONFLICT', 'server_name');
  const staging = agentFact(10, { env: 'staging' });
  const labels: Change = { kind: 'agent', id: id(10), expect: {}, set: { labels: { env: 'production' } } };
  given(created, staging, listed, selected).when(apply(labels)).thenRefused('CONFLICT', 'labels');
  const certificate = certificateFact(7, ['a.com']);
  const tls = hostFact(
    8,
    { server_name: 'a.com', ssl_enabled: true, ssl_certificate_id: id(7) },
    certificate,
  );
  given(created, certificate, tls)
    .when(apply({ kind: 'certificate', id: id(7), expect: {}, remove: true }))
    .thenRefused('CONFLICT', 'id');
});

test.run();
