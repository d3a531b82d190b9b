// SPDX-License-Identifier: Apache-2.0
import type {
  CreateUpstream,
  CreateVirtualHost,
  EnrolledAgent,
  Fact,
  Upstream,
  VirtualHost,
} from '../../schemas/index.js';
import { type WorkspaceCommand, workspace } from './index.js';

export const AT = '2026-01-15T10:30:00.000Z';
export const WORKSPACE = '660e8400-e29b-41d4-a716-446655440001';
export const id = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;

export const created: Fact<'workspace.created'> = {
  type: 'workspace.created',
  data: {
    workspace: {
      id: WORKSPACE,
      organization_id: id(999),
      name: 'Production',
      slug: 'production',
      created_at: AT,
      updated_at: AT,
    },
  },
};

function only<T extends Fact>(command: WorkspaceCommand, past: readonly Fact[]): T {
  const state = workspace.initial();
  for (const fact of past) {
    workspace.evolve(state, fact as Parameters<typeof workspace.evolve>[1]);
  }
  return workspace.decide(command, state)[0] as T;
}

/** Facts made by the decider itself from bodies, so that fixtures have every field. */
export const upstreamFact = (n: number, body: Partial<CreateUpstream> = {}): Fact<'upstream.created'> =>
  only(
    {
      type: 'create-upstream',
      id: id(n),
      body: { name: `backend-${n}`, servers: [{ address: '10.0.1.20:8080' }], ...body },
      at: AT,
    },
    [created],
  );

export const hostFact = (
  n: number,
  body: Partial<CreateVirtualHost> = {},
  ...past: readonly Fact[]
): Fact<'virtual_host.created'> =>
  only(
    {
      type: 'create-virtual-host',
      id: id(n),
      body: { name: `Host ${n}`, server_name: `host-${n}.example.com`, ...body },
      at: AT,
    },
    [created, ...past],
  );

export const certificateFact = (n: number, names: readonly string[]): Fact<'certificate.uploaded'> =>
  only(
    {
      type: 'upload-certificate',
      id: id(n),
      upload: {
        domain: names[0] ?? '',
        names: [...names],
        fingerprint: String(n).padStart(64, '0'),
        issued_at: AT,
        expires_at: '2026-04-15T10:30:00.000Z',
        auto_renew: false,
      },
      at: AT,
    },
    [created],
  );

export const agentFact = (n: number, labels: Record<string, string> = {}): Fact<'agent.enrolled'> => {
  const agent: EnrolledAgent = {
    id: id(n),
    workspace_id: WORKSPACE,
    name: `agent-${n}`,
    labels,
    created_at: AT,
    updated_at: AT,
  };
  return {
    type: 'agent.enrolled',
    data: { agent, token_sha256: 'a'.repeat(64), token_expires_at: '2026-01-16T10:30:00.000Z' },
  };
};

export const upstreamOf = (fact: Fact<'upstream.created'>): Upstream => fact.data.upstream;
export const hostOf = (fact: Fact<'virtual_host.created'>): VirtualHost => fact.data.virtual_host;
