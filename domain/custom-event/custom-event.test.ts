// SPDX-License-Identifier: Apache-2.0
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { NxError } from '../../kernel/index.js';
import { spec } from '../given.harness.js';
import { customEvent, MAX_CUSTOM_BYTES, MAX_CUSTOM_DEPTH } from './index.js';

const given = spec(customEvent);
const event = (type: string, data: Record<string, unknown> = {}) => ({
  custom_event_id: '00000000-0000-4000-8000-000000000001',
  organization_id: '00000000-0000-4000-8000-000000000002',
  workspace_id: null,
  type,
  data,
  at: '2026-03-02T12:00:00.000Z',
});
const nested = (depth: number): Record<string, unknown> => (depth === 0 ? {} : { a: nested(depth - 1) });

function fault(type: string, data?: Record<string, unknown>): string | undefined {
  try {
    customEvent.decide({ type: 'emit', event: event(type, data) }, customEvent.initial());
    return undefined;
  } catch (error) {
    return (error as NxError).details.map(({ field, code }) => `${field} ${code}`).join();
  }
}

test('an event of a program is taken once', () => {
  const registered = event('user.registered', { user_id: 'user_123', username: 'new_user' });
  const fact = { type: 'custom_event.emitted', data: registered } as const;
  given().when({ type: 'emit', event: registered }).thenFacts(fact);
  given(fact).when({ type: 'emit', event: registered }).thenFacts();
});

test('nobody emits under a type of ours, nor under one that looks like it', () => {
  for (const type of ['agent.connected', 'agent.exploded', 'config.applied', 'health.alert']) {
    assert.is(fault(type), 'type RESERVED', type);
  }
  for (const type of ['custom_event.emitted', 'member.added', 'nxmesh.anything', 'email.reserved']) {
    assert.is(fault(type), 'type RESERVED', type);
  }
  for (const type of [
    'user.created',
    'user.registered',
    'order.paid',
    'agents.connected',
    'shop.agent.connected',
  ]) {
    assert.is(fault(type), undefined, type);
  }
});

test('data is bounded in depth and size', () => {
  assert.is(fault('a.b', nested(MAX_CUSTOM_DEPTH - 1)), undefined);
  assert.is(fault('a.b', nested(MAX_CUSTOM_DEPTH)), 'data TOO_DEEP');
  const most = MAX_CUSTOM_BYTES - '{"a":""}'.length;
  assert.is(fault('a.b', { a: 'x'.repeat(most) }), undefined);
  assert.is(fault('a.b', { a: 'x'.repeat(most + 1) }), 'data TOO_LONG');
  assert.is(fault('a.b', { a: 'ä'.repeat(most / 2 + 1) }), 'data TOO_LONG');
});

test.run();
