import { test } from 'uvu';
import type { AgentStreamFact } from '../../schemas/index.js';
import { spec } from '../given.harness.js';
import { AT, id } from '../workspace/workspace.fixture.js';
import { agent } from './index.js';

const given = spec(agent);
const target = { version: 7, digest: 'a'.repeat(64) };
const sent: AgentStreamFact = { type: 'config.sent', data: { agent_id: id(10), ...target, at: AT } };
const failure = {
  ...target,
  reason: 'PORT_IN_USE',
  stage: 'signalled',
  message: 'taken',
  nginx_output: '',
  culprit: null,
  duration_ms: 5,
  at: AT,
} as const;
const rolledBack: AgentStreamFact = {
  type: 'config.rolled_back',
  data: { agent_id: id(10), failure },
};
const refuse = { type: 'mark-refused', agent_id: id(10), failure, rolled_back: true } as const;

test('the same refusal told twice is one fact', () => {
  given(sent, rolledBack).when(refuse).thenFacts();
});

test('a refused version that is sent again and refused again is refused again', () => {
  given(sent, rolledBack).when({ type: 'mark-sent', data: sent.data }).thenFacts(sent);
  given(sent, rolledBack, sent).when(refuse).thenFacts(rolledBack);
});

test.run();
