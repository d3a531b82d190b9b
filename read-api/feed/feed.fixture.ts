// SPDX-License-Identifier: Apache-2.0
import { AT, id } from '../../projections/facts.harness.js';
import type { Fact } from '../../schemas/index.js';
import type { Client } from './feed.harness.js';

export const AGENT = id('agent', 'a');
export const W = id('workspace', 'w');
export const OTHER = id('organization', 'other');

const facts = {
  hostname: 'web-01.internal',
  ip_address: '10.0.1.10',
  version: '0.1.0',
  deployment_mode: 'docker_sidecar' as const,
  capabilities: [],
  nginx_version: '1.22.1',
};
export const session_id = id('session');
export const connected: Fact = {
  type: 'agent.connected',
  data: { agent_id: AGENT, session_id, facts, at: AT },
};

export const subscribe = async (one: Client, events: string[], more: object = {}) => {
  one.say({ action: 'subscribe', events, ...more });
  await one.next('caught-up');
};
