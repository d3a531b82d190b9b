// SPDX-License-Identifier: Apache-2.0
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { StoredEvent } from '../../schemas/index.js';
import { servedBy } from './served.js';

const event = (type: string, data: object, agent_id = 'a'): StoredEvent =>
  ({ type, data: { agent_id, ...data } }) as unknown as StoredEvent;
const sent = (digest: string, agentId?: string): StoredEvent => event('config.sent', { digest }, agentId);
const applied = (digest: string): StoredEvent => event('config.applied', { digest });
const refused = (digest: string, stage: string): StoredEvent =>
  event(stage === 'staged' ? 'config.refused' : 'config.rolled_back', { failure: { digest, stage } });
const validated = (...events: StoredEvent[]): string[] => [...servedBy('a', events).validated].sort();

test('what was sent may be served, but not what its test has refused, nor what another agent got', () => {
  assert.equal(validated(sent('1'), sent('2'), refused('2', 'staged'), sent('3', 'b')), ['1']);
});

test('what passed its test and was rolled back has been served for a while, and rightly', () => {
  assert.equal(validated(sent('1'), applied('1'), sent('2'), refused('2', 'signalled')), ['1', '2']);
});

test('a refusal does not undo that the same was applied before', () => {
  const events = [sent('1'), applied('1'), sent('2'), applied('2'), sent('1'), refused('1', 'staged')];
  assert.equal(validated(...events), ['1', '2']);
  assert.is(servedBy('a', events).newest, '2');
});

test.run();
