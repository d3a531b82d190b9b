// SPDX-License-Identifier: Apache-2.0
/** An agent as its stream tells it up to a position: what it was sent, what it proved, what it did not take. */
import { type AgentState, agent as agentDecider } from '../../domain/index.js';
import type { Position } from '../../kernel/index.js';
import type { AgentStreamEvent, NginxBuild, ParkedHost } from '../../schemas/index.js';

interface Milestone {
  readonly version: number;
  readonly digest: string;
  readonly at: string;
}

/**
 * The nginx that proved, and the hosts that may have been parked then. While the host at fault is looked for, some of
 * what is parked is tried: which of it ran, the gateway says right after the proof.
 */
interface ProvenWith {
  readonly build: NginxBuild | undefined;
  readonly parked: readonly (readonly ParkedHost[])[];
}

export interface AgentAt {
  readonly state: AgentState;
  readonly sent: Milestone | null;
  /** What nginx itself has answered with. */
  readonly proven: Milestone | null;
  /** What it was proven with; null before the first proof. */
  readonly provenWith: ProvenWith | null;
  readonly refused: (Milestone & { readonly reason: string; readonly message: string }) | null;
}

interface Folding {
  readonly state: AgentState;
  milestones: Omit<AgentAt, 'state'>;
}

const pick = ({ version, digest, at }: Milestone): Milestone => ({ version, digest, at });

function milestone(fact: AgentStreamEvent, { state, milestones }: Folding): Partial<AgentAt> {
  switch (fact.type) {
    case 'config.sent':
      return { sent: pick(fact.data) };
    case 'config.applied': {
      const provenWith = { build: state.build, parked: [state.parked] };
      return { proven: pick(fact.data), provenWith, refused: null };
    }
    case 'config.parked': {
      const { provenWith } = milestones;
      return provenWith?.parked.length === 1
        ? { provenWith: { ...provenWith, parked: [...provenWith.parked, fact.data.hosts] } }
        : {};
    }
    case 'config.refused':
    case 'config.rolled_back': {
      const { failure } = fact.data;
      return { refused: { ...pick(failure), reason: failure.reason, message: failure.message } };
    }
    default:
      return {};
  }
}

/** What is open at a time is little: its size does not count. */
const BYTES = 16 * 1024;

/** For `folds`: an agent's stream. */
export const agentFold = {
  initial: (): Folding => ({
    state: agentDecider.initial(),
    milestones: { sent: null, proven: null, provenWith: null, refused: null },
  }),
  copy: ({ state, milestones }: Folding): Folding => ({
    state: { ...state, pending: new Map(state.pending), alerts: new Map(state.alerts) },
    milestones,
  }),
  markOf: (event: object): Position => (event as AgentStreamEvent).position,
  evolve: (folding: Folding, event: object): void => {
    const fact = event as AgentStreamEvent;
    folding.milestones = { ...folding.milestones, ...milestone(fact, folding) };
    agentDecider.evolve(folding.state, fact);
  },
  bytesOf: (): number => BYTES,
};
