// SPDX-License-Identifier: Apache-2.0
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { streams } from '../kernel/index.js';
import type { Fact } from '../schemas/index.js';
import * as make from './facts.harness.js';
import { documentsAfter } from './given.harness.js';
import { operations } from './operations.js';

const test = suite('projections: operations');
const { id: agent_id } = make.agent('web');
const command_id = make.id('command', 1);
const at = make.AT;
const LATER = '2026-03-02T12:00:01.000Z';

const requested: Fact = {
  type: 'agent_command.requested',
  data: { agent_id, command_id, kind: 'reload', at },
};
const completed = (success: boolean, message: string): Fact => ({
  type: 'agent_command.completed',
  data: { agent_id, command_id, success, message, at: LATER },
});

async function after(...facts: Fact[]): Promise<Record<string, unknown> | undefined> {
  return (await documentsAfter(operations, [[streams.agent(agent_id), ...facts]]))[command_id];
}

test('running from the request on, then what came of it', async () => {
  const running = await after(requested);
  assert.is(running?.['id'], command_id);
  assert.is(running?.['kind'], 'agent.reload');
  assert.equal(running?.['resource'], { type: 'agent', id: agent_id });
  assert.equal([running?.['state'], running?.['result'], running?.['error']], ['running', null, null]);
  const done = await after(requested, completed(true, 'reloaded'));
  assert.equal(
    [done?.['state'], done?.['result'], done?.['finished_at']],
    ['succeeded', { message: 'reloaded' }, LATER],
  );
  assert.is(done?.['created_at'], at);
  const failed = await after(requested, completed(false, 'nginx is gone'));
  assert.equal(
    [failed?.['state'], failed?.['result'], failed?.['error']],
    ['failed', null, { code: 'CONFLICT', message: 'nginx is gone' }],
  );
});

test('an end without a beginning is nothing', async () => {
  assert.is(await after(completed(true, '')), undefined);
});

test.run();
