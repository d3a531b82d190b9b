// SPDX-License-Identifier: Apache-2.0
import { never } from '../../kernel/index.js';
import type { AgentStreamFact } from '../../schemas/index.js';
import type { AgentState } from './state.js';

export function evolve(state: AgentState, fact: AgentStreamFact): void {
  switch (fact.type) {
    case 'agent.connected':
      state.session = fact.data.session_id;
      state.facts = fact.data.facts;
      return;
    case 'agent.disconnected':
      state.session = undefined;
      state.overdue = undefined;
      return;
    case 'config.sent':
      state.sent = { version: fact.data.version, digest: fact.data.digest };
      if (state.failed?.version === state.sent.version && state.failed.digest === state.sent.digest) {
        // Tried again: should it be refused again, that is news.
        state.failed = undefined;
      }
      return;
    case 'config.applied':
      state.applied = { version: fact.data.version, digest: fact.data.digest };
      state.failed = undefined;
      state.overdue = undefined;
      // nginx itself answered with the digest.
      state.nginxRunning = true;
      return;
    case 'config.refused':
    case 'config.rolled_back':
      state.failed = { version: fact.data.failure.version, digest: fact.data.failure.digest };
      return;
    case 'config.parked':
      state.parked = fact.data.hosts;
      return;
    case 'config.overdue':
      state.overdue = { version: fact.data.version, digest: fact.data.digest };
      return;
    case 'nginx.reported':
      state.build = fact.data.build;
      return;
    case 'nginx.started':
      state.nginxRunning = true;
      return;
    case 'nginx.stopped':
      state.nginxRunning = false;
      return;
    case 'agent_command.requested':
      state.pending.set(fact.data.command_id, fact.data.at);
      return;
    case 'agent_command.completed':
      state.pending.delete(fact.data.command_id);
      return;
    case 'health.alert_raised':
      state.alerts.set(fact.data.alert.alert_id, fact.data.alert);
      return;
    case 'health.alert_cleared':
      state.alerts.delete(fact.data.alert.alert_id);
      return;
    default:
      never(fact, 'fact of an agent');
  }
}
