// SPDX-License-Identifier: Apache-2.0
import {
  type ConfigState,
  contentOf,
  type Failure,
  type Holding,
  holdingOf,
  NOTHING_HELD,
} from '../domain/index.js';
import { canonicalJson, errorMessage, timestamp } from '../kernel/index.js';
import { targetMatches } from '../nginx/index.js';
import type { ParkedHost } from '../schemas/index.js';
import type { Target } from './delivery.js';
import type { GatewayDeps } from './deps.js';
import type { History } from './history.js';
import type { Identity } from './identity.js';
import type { Memory } from './memory.js';
import {
  beginParking,
  type Candidate,
  type Parking,
  provenParking,
  type Refusal,
  refusedParking,
  resumedParking,
  retriedParking,
  withheld,
} from './parking.js';
import type { Recorder } from './recorder.js';
import { type Blame, blameOf, renderBlame } from './refusal.js';
import type { Rendering } from './rendering.js';

export interface ParkerDeps extends Pick<GatewayDeps, 'clock' | 'logger'> {
  readonly recorder: Recorder;
  readonly memory: Memory;
  readonly past: History;
  /** The last version that the agent is known to have run; 0 when there is none. */
  accepted(): number;
  /** `holding` gives something else now. */
  changed(): void;
}

/** Keeps the hosts that one agent does not take out of its way, so that it gets the rest. */
export interface Parker {
  holding(): Holding;
  /** Takes up what an earlier session left. */
  begin(): Promise<void>;
  /** `file` is what the agent pointed at; empty where it did not. */
  refused(rendering: Rendering, failure: Failure, file: string): Promise<void>;
  /** Gives false when it is for the caller to refuse it whole. */
  unrenderable(rendering: Rendering & { kind: 'refused' }, target: Target): Promise<boolean>;
  proven(rendering: Rendering, version: number): Promise<void>;
  retry(): Promise<void>;
}

export function parker(deps: ParkerDeps, agent: Identity): Parker {
  const { agentId, workspaceId } = agent;
  let state: Parking = beginParking([]);
  let holding = NOTHING_HELD;

  /** Not waited for: facts of an agent are recorded in order, and a log that is down holds no delivery up. */
  const record = (before: Parking, version: number): void => {
    const hosts = [...state.parked.values()];
    if (canonicalJson([...before.parked.values()]) !== canonicalJson(hosts)) {
      deps.memory.setParked(agentId, hosts);
      const data = { agent_id: agentId, version, hosts, at: timestamp(deps.clock.now()) };
      void deps.recorder.record(agent, { type: 'mark-parked', data });
    }
  };
  /** Takes a new state over; what cannot be held now leaves everything as it was. */
  const versions = (version: number): Promise<ConfigState> => deps.past.at(workspaceId, version);
  const become = async (next: Parking, version: number): Promise<boolean> => {
    const before = state;
    if (next === before) {
      return false;
    }
    const wanted = withheld(next);
    const found = await holdingOf(versions, wanted).catch((error: unknown) => {
      deps.logger.error({ agent_id: agentId, error: errorMessage(error) }, 'a host cannot be held as it was');
      return undefined;
    });
    if (!found || state !== before) {
      return false;
    }
    state = next;
    record(before, version);
    const moved = found.key !== holding.key;
    holding = found;
    if (moved) {
      deps.changed();
    }
    return moved;
  };

  /** What the rendering has otherwise than the agent runs it. */
  const candidatesOf = (rendering: Rendering, before: ConfigState) => {
    const labels = before.agents.get(agentId)?.labels ?? {};
    const ran = [...before.virtualHosts.values()].filter((host) =>
      targetMatches(host.target_agents, { id: agentId, labels }),
    );
    const contents = new Map(ran.map((host) => [host.id, contentOf(before, host)]));
    const desired = rendering.desired();
    const candidates: Candidate[] = [];
    for (const [id, { name, content }] of desired) {
      const parked: ParkedHost | undefined = state.parked.get(id);
      if (!rendering.held.has(id) && (parked || contents.get(id) !== content)) {
        const held = parked ? parked.held_version : contents.has(id) ? before.version : null;
        candidates.push({ id, name, content, held });
      }
    }
    return { candidates, brings: ran.some(({ id }) => !desired.has(id)) };
  };

  const judge = async (rendering: Rendering, version: number, blame: Blame): Promise<boolean> => {
    try {
      const before = await deps.past.at(workspaceId, deps.accepted());
      const refusal: Refusal = { version, ...blame, ...candidatesOf(rendering, before) };
      return await become(refusedParking(state, refusal), version);
    } catch (error) {
      const fields = { agent_id: agentId, error: errorMessage(error) };
      deps.logger.error(fields, 'what is to be parked cannot be told; the version is refused whole');
      return false;
    }
  };

  return {
    holding: () => holding,
    begin: async () => {
      state = resumedParking(deps.memory.parked(agentId));
      holding = await holdingOf(versions, withheld(state)).catch(() => NOTHING_HELD);
    },
    refused: async (rendering, failure, file) => {
      if (rendering.kind === 'bundle') {
        await judge(rendering, failure.version, blameOf(rendering, failure, file));
      }
    },
    unrenderable: (rendering, target) => judge(rendering, target.version, renderBlame(rendering)),
    proven: async (rendering, version) => {
      await become(provenParking(state, version, rendering.held), version);
    },
    retry: async () => {
      if (state.parked.size > 0) {
        await become(retriedParking(state), 0);
      }
    },
  };
}
