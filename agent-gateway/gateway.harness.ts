// SPDX-License-Identifier: Apache-2.0
/** A gateway over a log, read store and vault in memory, and the helpers that play the rest of the control plane. */
import { randomBytes, randomUUID } from 'node:crypto';
import { type AgentCommand, agent as agentDecider } from '../domain/index.js';
import { type EventLog, eventLog, memoryLog } from '../event-log/index.js';
import {
  NxError,
  type Revision,
  type Secret,
  sha256,
  streams,
  systemClock,
  systemRandom,
  systemTimers,
  unavailable,
} from '../kernel/index.js';
import { memoryReadStore } from '../read-store/index.js';
import {
  type AgentStreamEvent,
  type ConfigUpsert,
  type EventData,
  type Fact,
  type NewEvent,
  schemaVersion,
  type Upstream,
  type VirtualHost,
} from '../schemas/index.js';
import type { Vault } from '../vault/index.js';
import { type AgentKeys, enrolAgent, type KeyPair } from './agent.harness.js';
import { openAuthority } from './ca.js';
import type { GatewayDeps, GatewaySettings } from './deps.js';
import { agentGateway } from './gateway.js';
import { makeToken } from './token.js';

export const ORGANIZATION = '0190a000-0000-7000-8000-000000000001';
export const WORKSPACE = '0190a000-0000-7000-8000-000000000002';
const AT = '2026-01-01T00:00:00.000Z';

export function memoryVault(): Vault {
  const records = new Map<string, Secret<Buffer>>();
  return {
    put: async (id, secret) => void records.set(id, secret),
    get: async (id) => records.get(id),
    destroy: async (id) => void records.delete(id),
    list: async (prefix) => [...records.keys()].filter((id) => id.startsWith(prefix)).sort(),
    close: async () => {},
  };
}

export const quiet = { info: () => {}, warn: () => {}, error: () => {} };

/** Appends facts to a stream, expecting the head that it has. */
async function append(log: EventLog, stream: string, facts: readonly Fact[]): Promise<void> {
  let head: Revision | 'none' = 'none';
  for await (const event of log.read(stream)) {
    head = event.revision;
  }
  const meta = {
    command_id: randomUUID(),
    command_digest: '0'.repeat(64),
    correlation_id: 'test',
    causation_id: 'test',
    actor: 'system',
    organization_id: ORGANIZATION,
    workspace_id: WORKSPACE,
    recorded_at: AT,
  };
  const events: NewEvent[] = facts.map((fact) => ({
    ...fact,
    id: randomUUID(),
    meta: { ...meta, schema_version: String(schemaVersion(fact.type)) },
  }));
  if (events.length > 0) {
    await log.append(stream, head, events);
  }
}

export interface Version {
  readonly upserts?: readonly ConfigUpsert[];
  readonly removes?: EventData<'config.version_published'>['removes'];
  readonly targets?: readonly string[];
}

export interface World {
  readonly deps: GatewayDeps;
  readonly log: EventLog;
  /** While it is on, nothing can be recorded. */
  readonly outage: { on: boolean };
  readonly caPem: string;
  readonly caSha256: string;
  /** Enrols an agent in the workspace; the token may be shown once more by the same key only. */
  token(agentId: string): string;
  tokens: Map<string, { secret: string; key?: string; expired?: boolean }>;
  enrol(port: number, agentId: string, pair?: KeyPair): Promise<AgentKeys>;
  publish(version: Version): Promise<void>;
  /** Facts of an agent, in order. */
  facts(agentId: string): Promise<AgentStreamEvent[]>;
  /** Waits until the agent's facts satisfy the condition, and gives them. */
  until(agentId: string, holds: (facts: AgentStreamEvent[]) => boolean): Promise<AgentStreamEvent[]>;
  request(agentId: string, command: AgentCommand): Promise<void>;
  start(
    settings?: Partial<GatewaySettings>,
  ): Promise<{ port: number; close(): Promise<void>; retry(id: string): void }>;
}

export async function world(over: Partial<GatewayDeps> = {}): Promise<World> {
  const log = eventLog(memoryLog());
  const vault = memoryVault();
  const authority = await openAuthority({ vault, clock: systemClock, random: systemRandom });
  const tokens: World['tokens'] = new Map();
  const outage = { on: false };
  const readStore = memoryReadStore({ clock: systemClock });
  let version = 0;

  const request = async (agentId: string, command: AgentCommand): Promise<void> => {
    const state = agentDecider.initial();
    for await (const event of log.read(streams.agent(agentId))) {
      agentDecider.evolve(state, event as AgentStreamEvent);
    }
    await append(log, streams.agent(agentId), agentDecider.decide(command, state));
  };
  const facts = async (agentId: string): Promise<AgentStreamEvent[]> => {
    const events: AgentStreamEvent[] = [];
    for await (const event of log.read(streams.agent(agentId))) {
      events.push(event as AgentStreamEvent);
    }
    return events;
  };
  const deps: GatewayDeps = {
    log,
    vault,
    readStore,
    telemetryStore: readStore,
    clock: systemClock,
    timers: systemTimers,
    random: systemRandom,
    logger: quiet,
    register: async ({ agentId, tokenSha256, publicKeySha256 }) => {
      const token = tokens.get(agentId);
      if (!token || token.expired || token.secret !== tokenSha256) {
        throw new NxError('UNAUTHORIZED', 'no');
      }
      token.key ??= publicKeySha256;
      if (token.key !== publicKeySha256) {
        throw new NxError('UNAUTHORIZED', 'no');
      }
      return { workspaceId: WORKSPACE, organizationId: ORGANIZATION };
    },
    record: async (_workspace, _organization, agentId, command) => {
      if (outage.on) {
        throw unavailable('the log is down');
      }
      await request(agentId, command);
    },
    certificateMaterial: async () => undefined,
    ...over,
  };
  const token = (agentId: string): string => {
    const secret = randomBytes(32);
    tokens.set(agentId, { secret: sha256(secret) });
    return makeToken(agentId, secret, authority.sha256);
  };
  return {
    deps,
    log,
    outage,
    caPem: authority.certificatePem,
    caSha256: authority.sha256,
    tokens,
    token,
    enrol: (port, agentId, pair) => enrolAgent(port, authority.certificatePem, token(agentId), pair),
    publish: async ({ upserts = [], removes = [], targets = ['all'] }) => {
      version += 1;
      const data: EventData<'config.version_published'> = {
        workspace_id: WORKSPACE,
        version,
        part: 1,
        parts: 1,
        source_revision: String(version),
        compiler_version: 1,
        upserts: [...upserts],
        removes: [...removes],
        targets: Object.fromEntries(targets.map((key) => [key, sha256(`${key} ${version}`)])),
        causes: [],
      };
      await append(log, streams.config(WORKSPACE), [{ type: 'config.version_published', data }]);
    },
    facts,
    until: async (agentId, holds) => {
      const deadline = Date.now() + 10_000;
      for (;;) {
        const known = await facts(agentId);
        if (holds(known)) {
          return known;
        }
        if (Date.now() > deadline) {
          throw new Error(`not in time; the log has: ${known.map(({ type }) => type).join(', ')}`);
        }
        await systemTimers.sleep(10);
      }
    },
    request,
    start: async (settings = {}) => {
      const gateway = await agentGateway(deps, { port: 0, ...settings });
      const port = await gateway.listen();
      return { port, close: () => gateway.close(500), retry: (id) => gateway.retry(id) };
    },
  };
}

export const agentUpsert = (id: string, labels: Record<string, string> = {}): ConfigUpsert => ({
  kind: 'agent',
  id,
  resource: { labels },
});

export const oneLocation: VirtualHost['locations'][number] = {
  path: '/',
  proxy_pass: 'http://127.0.0.1:19000',
  upstream_id: null,
  root: null,
  index: null,
  custom_headers: [],
  rewrite_rules: [],
  custom_directives: [],
};

export const host = (over: Partial<VirtualHost> = {}): VirtualHost => ({
  id: randomUUID(),
  workspace_id: WORKSPACE,
  name: 'Shop',
  server_name: 'shop.example.com',
  listen_port: 18080,
  ssl_enabled: false,
  listens: [],
  ssl_certificate_id: null,
  http2_enabled: false,
  http3_enabled: false,
  locations: [oneLocation],
  custom_directives: [],
  target_agents: { type: 'all' },
  created_at: AT,
  updated_at: AT,
  ...over,
});

export const certificateUpsert = (id: string): ConfigUpsert => ({
  kind: 'certificate',
  id,
  resource: {
    id,
    workspace_id: WORKSPACE,
    domain: 'shop.example.com',
    names: ['shop.example.com'],
    is_wildcard: false,
    provider: 'custom',
    status: 'active',
    fingerprint: 'a'.repeat(64),
    issued_at: null,
    expires_at: null,
    auto_renew: false,
    created_at: AT,
    updated_at: AT,
  },
});

export const hostUpsert = (resource: VirtualHost): ConfigUpsert => ({
  kind: 'virtual_host',
  id: resource.id,
  resource,
});

export const upstreamUpsert = (resource: Upstream): ConfigUpsert => ({
  kind: 'upstream',
  id: resource.id,
  resource,
});
