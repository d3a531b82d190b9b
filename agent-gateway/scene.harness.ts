// SPDX-License-Identifier: Apache-2.0
import { randomUUID } from 'node:crypto';
import { ConfigApplyStatus, type ConfigUpdate } from '../proto/index.js';
import type { AgentStreamEvent } from '../schemas/index.js';
import type { AgentKeys, ScriptedAgent } from './agent.harness.js';
import type { GatewayDeps } from './deps.js';
import { agentUpsert, host, hostUpsert, type World, world } from './gateway.harness.js';

/** A gateway with one enrolled agent that has something to run. */
export interface Scene {
  readonly w: World;
  readonly port: number;
  readonly agentId: string;
  readonly keys: AgentKeys;
}

/** A test that runs in a scene of its own, closed in the end. */
export const scene =
  (run: (one: Scene) => Promise<void>, settings = {}) =>
  async (): Promise<void> => {
    const w = await world();
    const gateway = await w.start(settings);
    const agentId = randomUUID();
    await w.publish({ upserts: [agentUpsert(agentId), hostUpsert(host())] });
    const keys = await w.enrol(gateway.port, agentId);
    try {
      await run({ w, port: gateway.port, agentId, keys });
    } finally {
      await gateway.close();
    }
  };

/** A gateway whose workspace is empty. */
export interface Fleet {
  readonly w: World;
  readonly port: number;
  /** Enrols an agent with these labels. */
  readonly enrol: (labels?: Record<string, string>) => Promise<{ agentId: string; keys: AgentKeys }>;
  readonly retry: (agentId: string) => void;
}

/** As `scene`, for tests that enrol what they need. */
export const fleet =
  (run: (one: Fleet) => Promise<void>, settings = {}, over: Partial<GatewayDeps> = {}) =>
  async (): Promise<void> => {
    const w = await world(over);
    const gateway = await w.start(settings);
    try {
      await run({
        w,
        port: gateway.port,
        retry: (agentId) => gateway.retry(agentId),
        enrol: async (labels = {}) => {
          const agentId = randomUUID();
          await w.publish({ upserts: [agentUpsert(agentId, labels)], targets: [] });
          return { agentId, keys: await w.enrol(gateway.port, agentId) };
        },
      });
    } finally {
      await gateway.close();
    }
  };

/** Types of facts, in order. */
export const types = (facts: readonly AgentStreamEvent[]): string[] => facts.map(({ type }) => type);

/** Proves the next update. */
export async function applyNext(agent: ScriptedAgent): Promise<ConfigUpdate[]> {
  const parts = await agent.nextUpdate();
  agent.answer(parts[0], ConfigApplyStatus.SUCCESS);
  return parts;
}

/** Facts in short: a disconnection with its reason, a command's end with its outcome. */
export const story = (facts: readonly AgentStreamEvent[]): string[] =>
  facts.map((fact) => {
    switch (fact.type) {
      case 'agent.disconnected':
        return `${fact.type} ${fact.data.reason}`;
      case 'agent_command.completed':
        return `${fact.type} ${fact.data.success}`;
      default:
        return fact.type;
    }
  });

export const last = (facts: readonly AgentStreamEvent[]): string => story(facts).at(-1) ?? '';
