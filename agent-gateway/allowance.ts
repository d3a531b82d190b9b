// SPDX-License-Identifier: Apache-2.0
import type { Clock } from '../kernel/index.js';

/** How much telemetry may come: from each agent, and from all together. */
export interface Allowance {
  /** How many of so many may be kept; what they cost is taken from both budgets. */
  take(agentId: string, wanted: number): number;
  /** Milliseconds for which this agent's next message should not be read. */
  pauseMs(agentId: string): number;
}

interface Budget {
  left: number;
  at: number;
}

const MOST_AGENTS = 20_000;
const LONGEST_PAUSE_MS = 1000;
/** What is turned away costs something too, so that a flood is held back and not only thrown away. */
const TURNED_AWAY = 0.5;

/** Budgets that hold two seconds' worth. */
export function allowance(clock: Clock, agentPerSecond: number, perSecond: number): Allowance {
  const agents = new Map<string, Budget>();
  const all: Budget = { left: 2 * perSecond, at: clock.monotonic() };

  const filled = (budget: Budget, rate: number): Budget => {
    const now = clock.monotonic();
    budget.left = Math.min(2 * rate, budget.left + ((now - budget.at) / 1000) * rate);
    budget.at = now;
    return budget;
  };
  const budgetOf = (agentId: string): Budget => {
    const known = agents.get(agentId);
    if (known) {
      return filled(known, agentPerSecond);
    }
    if (agents.size >= MOST_AGENTS) {
      agents.delete(agents.keys().next().value ?? '');
    }
    const made = { left: 2 * agentPerSecond, at: clock.monotonic() };
    agents.set(agentId, made);
    return made;
  };

  return {
    take: (agentId, wanted) => {
      const own = budgetOf(agentId);
      const shared = filled(all, perSecond);
      const allowed = Math.max(0, Math.min(wanted, Math.floor(own.left), Math.floor(shared.left)));
      own.left -= allowed + (wanted - allowed) * TURNED_AWAY;
      shared.left -= allowed;
      return allowed;
    },
    pauseMs: (agentId) => {
      const { left } = budgetOf(agentId);
      return left >= 0 ? 0 : Math.min(LONGEST_PAUSE_MS, (-left / agentPerSecond) * 1000);
    },
  };
}
