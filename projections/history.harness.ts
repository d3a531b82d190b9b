// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { streams } from '../kernel/index.js';
import type { Fact } from '../schemas/index.js';
import * as make from './facts.harness.js';

export type Append = readonly [stream: string, fact: Fact];

const KEYS = ['a', 'b', 'c', 'd', 'e'] as const;
const at = make.AT;

function agentFact(key: string, kind: number, version: number): Append {
  const agent_id = make.id('agent', key);
  const digest = make.digest(`v${version}`);
  const command_id = make.id('command', key, version % 3);
  const session_id = make.id('session', version % 3);
  const facts = {
    hostname: key,
    ip_address: '10.0.0.1',
    version: '0.1.0',
    deployment_mode: 'standalone' as const,
    capabilities: [],
    nginx_version: '1.22.1',
  };
  const reason = 'connection_closed' as const;
  const failure = {
    version,
    digest,
    at,
    reason: 'SYNTAX' as const,
    stage: 'tested' as const,
    message: 'unknown',
    nginx_output: '',
    culprit: null,
    duration_ms: 1,
  };
  const choices: readonly Fact[] = [
    { type: 'agent.connected', data: { agent_id, session_id, facts, at } },
    { type: 'agent.disconnected', data: { agent_id, session_id, reason, at } },
    { type: 'config.sent', data: { agent_id, version, digest, at } },
    { type: 'config.applied', data: { agent_id, version, digest, duration_ms: 1, stages: {}, at } },
    { type: 'config.refused', data: { agent_id, failure } },
    { type: 'nginx.stopped', data: { agent_id, at } },
    { type: 'nginx.started', data: { agent_id, at } },
    { type: 'agent_command.requested', data: { agent_id, command_id, kind: 'reload', at } },
    { type: 'agent_command.completed', data: { agent_id, command_id, success: true, message: '', at } },
  ];
  return [streams.agent(agent_id), choices[kind % choices.length] as Fact];
}

function desired(key: string, kind: number, n: number): Append {
  const changed = ['name'];
  const [agent, upstream, virtual_host] = [
    make.agent(key, `${key}${n}`),
    make.upstream(key, 1, n),
    make.virtualHost(key, n),
  ];
  const workspace = make.workspace(key, `${key}${n}`);
  const organization = make.organization(key, `${key}${n}`);
  const own = streams.organization(organization.id);
  const choices: readonly (Fact | Append)[] = [
    { type: 'agent.enrolled', data: { agent, token_sha256: make.digest('t'), token_expires_at: at } },
    { type: 'agent.updated', data: { agent, changed } },
    { type: 'agent.registered', data: { agent_id: agent.id, public_key_sha256: make.digest('k'), at } },
    { type: 'agent.removed', data: { agent_id: agent.id, name: null, at } },
    { type: 'upstream.created', data: { upstream } },
    { type: 'upstream.updated', data: { upstream, changed } },
    { type: 'upstream.deleted', data: { upstream_id: upstream.id, name: key, at } },
    { type: 'virtual_host.created', data: { virtual_host } },
    { type: 'virtual_host.updated', data: { virtual_host, changed } },
    { type: 'virtual_host.deleted', data: { virtual_host_id: virtual_host.id, name: key, at } },
    { type: 'workspace.created', data: { workspace } },
    { type: 'workspace.deleted', data: { workspace_id: workspace.id, at } },
    [own, { type: 'organization.created', data: { organization } }],
    [own, { type: 'organization.deleted', data: { organization_id: organization.id, slug: key, at } }],
  ];
  const chosen = choices[kind % choices.length] as Fact | Append;
  return 'type' in chosen ? [make.WORKSPACE, chosen] : chosen;
}

/** Any facts in any order: the read models take what the log says, the domain has decided whether it may be. */
const append: fc.Arbitrary<Append> = fc
  .tuple(fc.boolean(), fc.constantFrom(...KEYS), fc.nat(27), fc.integer({ min: 1, max: 9 }))
  .map(([own, key, kind, n]) => (own ? agentFact(key, kind, n) : desired(key, kind, n)));

export const history = fc.array(append, { minLength: 1, maxLength: 60 });

/** A long history that is the same in every process that asks for the same seed. */
export const seeded = (seed: number, length: number): readonly Append[] =>
  fc.sample(append, { seed, numRuns: length });
