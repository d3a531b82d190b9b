// SPDX-License-Identifier: Apache-2.0
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { NxError } from '../../kernel/index.js';
import type { Item } from './item.js';
import { type Filter, subscriptions } from './subscriptions.js';

const item = {
  type: 'agent.connected',
  custom: false,
  organizationId: 'acme',
  workspaceId: 'shop',
  agentId: 'a1',
} as Item;
const wants = (filter: Filter, events = ['agent.*']): boolean => {
  const open = subscriptions();
  open.add({ id: '1', events, filter });
  return open.want(item);
};

test('every part of a filter must fit, and the type', () => {
  const fits: Filter = { organization_id: 'acme', workspace_id: 'shop', agent_id: 'a1', custom: false };
  assert.ok(wants({}));
  assert.ok(wants(fits));
  for (const other of [
    { organization_id: 'other' },
    { workspace_id: 'other' },
    { agent_id: 'other' },
    { custom: true },
  ]) {
    assert.not.ok(wants({ ...fits, ...other }), JSON.stringify(other));
  }
  assert.not.ok(wants(fits, ['config.*']));
});

test('so many subscriptions at once; one of a known id is replaced', () => {
  const open = subscriptions();
  const add = (n: number): void => open.add({ id: String(n), events: ['*'], filter: {} });
  for (let n = 0; n < 32; n += 1) {
    add(n);
  }
  add(0);
  assert.is(open.size, 32);
  assert.throws(
    () => add(32),
    (error: unknown) => error instanceof NxError && error.code === 'VALIDATION_ERROR',
  );
});

test.run();
