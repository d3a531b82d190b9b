// SPDX-License-Identifier: Apache-2.0
import type { Decider } from '../../kernel/index.js';
import type { AgentStreamFact } from '../../schemas/index.js';
import { type AgentCommand, decide } from './decide.js';
import { evolve } from './evolve.js';
import { type AgentState, initial } from './state.js';

export type { AgentCommand } from './decide.js';
export type { AgentState, Alert, Failure } from './state.js';

/** Stream `agent-<id>`: what happened to one agent. */
export const agent: Decider<AgentState, AgentCommand, AgentStreamFact> = {
  initial,
  decide,
  evolve,
  subject: (fact) => fact.data.agent_id,
};
