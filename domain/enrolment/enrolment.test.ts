// SPDX-License-Identifier: Apache-2.0
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { spec } from '../given.harness.js';
import { type WorkspaceCommand, workspace } from '../workspace/index.js';
import { AT, agentFact, created, hostFact, id } from '../workspace/workspace.fixture.js';

const given = spec(workspace);
const hash = 'a'.repeat(64);
const key = 'b'.repeat(64);
const register = (over: object = {}) =>
  ({ type: 'register-agent', id: id(10), tokenSha256: hash, publicKeySha256: key, at: AT, ...over }) as const;
const registered = {
  type: 'agent.registered',
  data: { agent_id: id(10), public_key_sha256: key, at: AT },
} as const;

test('a token is exchanged once, and again only by the same key', () => {
  given(created, agentFact(10)).when(register()).thenFacts(registered);
  given(created, agentFact(10), registered).when(register()).thenFacts();
  given(created, agentFact(10), registered)
    .when(register({ publicKeySha256: 'c'.repeat(64) }))
    .thenRefused('UNAUTHORIZED');
});

for (const [name, over] of [
  ['of another agent', { id: id(11) }],
  ['that is wrong', { tokenSha256: 'd'.repeat(64) }],
  ['that has expired', { at: '2026-01-16T10:30:00.000Z' }],
] as const) {
  test(`a token ${name} is refused`, () => {
    given(created, agentFact(10)).when(register(over)).thenRefused('UNAUTHORIZED');
  });
}

test('a name is one agent’s', () => {
  given(created, agentFact(10))
    .when({
      type: 'enrol-agent',
      id: id(11),
      body: { name: 'agent-10' },
      tokenSha256: hash,
      expiresAt: AT,
      at: AT,
    })
    .thenRefused('CONFLICT', 'name');
});

test('an agent that is named as a target is not removed', () => {
  const host = hostFact(5, { target_agents: { type: 'list', agent_ids: [id(10)] } }, agentFact(10));
  given(created, agentFact(10), host)
    .when({ type: 'remove-agent', id: id(10), at: AT })
    .thenRefused('CONFLICT', 'id');
});

test('a workspace that holds anything is not deleted', () => {
  given(created, agentFact(10)).when({ type: 'delete-workspace', at: AT }).thenRefused('CONFLICT', 'id');
  given(created)
    .when({ type: 'delete-workspace', at: AT })
    .thenFacts({
      type: 'workspace.deleted',
      data: { workspace_id: created.data.workspace.id, at: AT },
    });
});

test('labels are merged: null takes one away, and those that are not named stay', () => {
  const update = (labels: unknown): WorkspaceCommand =>
    ({ type: 'update-agent', id: id(10), body: { labels }, at: AT }) as WorkspaceCommand;
  const after = (labels: unknown) => {
    const [fact] = given(created, agentFact(10, { env: 'production', tier: 'web' }))
      .when(update(labels))
      .facts();
    return fact?.type === 'agent.updated' ? fact.data.agent.labels : undefined;
  };
  assert.equal(after({ env: 'staging', tier: null, none: null }), { env: 'staging' });
  assert.equal(after({ region: 'eu' }), { env: 'production', tier: 'web', region: 'eu' });
  assert.equal(after(null), {});
  const many = Object.fromEntries(Array.from({ length: 63 }, (_, index) => [`l${index}`, 'x']));
  given(created, agentFact(10, { env: 'production', tier: 'web' }))
    .when(update(many))
    .thenRefused('VALIDATION_ERROR', 'labels');
});

test.run();
