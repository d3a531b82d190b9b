// SPDX-License-Identifier: Apache-2.0
import { invariant, never } from '../../kernel/index.js';
import type { WorkspaceFact } from '../../schemas/index.js';
import { issuanceOf } from '../certificate/issuance.js';
import {
  dropHost,
  dropUpstream,
  type Enrolment,
  putHost,
  putUpstream,
  type WorkspaceState,
} from './state.js';

export function evolve(state: WorkspaceState, fact: WorkspaceFact): void {
  switch (fact.type) {
    case 'workspace.created':
    case 'workspace.updated':
      state.workspace = fact.data.workspace;
      state.existed = true;
      return;
    case 'workspace.deleted':
      state.workspace = undefined;
      return;
    case 'agent.enrolled': {
      const { agent, token_sha256, token_expires_at } = fact.data;
      state.agents.set(agent.id, { agent, tokenSha256: token_sha256, tokenExpiresAt: token_expires_at });
      return;
    }
    case 'agent.registered':
      state.agents.set(fact.data.agent_id, {
        ...enrolment(state, fact.data.agent_id),
        publicKeySha256: fact.data.public_key_sha256,
      });
      return;
    case 'agent.updated':
      state.agents.set(fact.data.agent.id, {
        ...enrolment(state, fact.data.agent.id),
        agent: fact.data.agent,
      });
      return;
    case 'agent.removed':
      state.agents.delete(fact.data.agent_id);
      return;
    case 'upstream.created':
    case 'upstream.updated':
      putUpstream(state, fact.data.upstream);
      return;
    case 'upstream.deleted':
      dropUpstream(state, fact.data.upstream_id);
      return;
    case 'virtual_host.created':
    case 'virtual_host.updated':
      putHost(state, fact.data.virtual_host);
      return;
    case 'virtual_host.deleted':
      dropHost(state, fact.data.virtual_host_id);
      return;
    case 'certificate.uploaded':
      state.certificates.set(fact.data.certificate.id, fact.data.certificate);
      return;
    case 'certificate.requested':
    case 'certificate.order_created':
    case 'certificate.challenge_ready':
    case 'certificate.issued':
    case 'certificate.failed':
    case 'certificate.renewal_due':
      state.certificates.set(fact.data.certificate.id, fact.data.certificate);
      state.issuances.set(fact.data.certificate.id, issuanceOf(fact));
      return;
    case 'certificate.deleted':
      state.certificates.delete(fact.data.certificate_id);
      state.issuances.delete(fact.data.certificate_id);
      return;
    default:
      never(fact, 'fact of a workspace');
  }
}

function enrolment(state: WorkspaceState, id: string): Enrolment {
  const found = state.agents.get(id);
  invariant(found, `agent ${id} is enrolled`);
  return found;
}

/** The resource that a fact is about. */
export function subject(fact: WorkspaceFact): string {
  switch (fact.type) {
    case 'workspace.created':
    case 'workspace.updated':
      return fact.data.workspace.id;
    case 'workspace.deleted':
      return fact.data.workspace_id;
    case 'agent.enrolled':
    case 'agent.updated':
      return fact.data.agent.id;
    case 'agent.registered':
    case 'agent.removed':
      return fact.data.agent_id;
    case 'upstream.created':
    case 'upstream.updated':
      return fact.data.upstream.id;
    case 'upstream.deleted':
      return fact.data.upstream_id;
    case 'virtual_host.created':
    case 'virtual_host.updated':
      return fact.data.virtual_host.id;
    case 'virtual_host.deleted':
      return fact.data.virtual_host_id;
    case 'certificate.uploaded':
    case 'certificate.requested':
    case 'certificate.order_created':
    case 'certificate.challenge_ready':
    case 'certificate.issued':
    case 'certificate.failed':
    case 'certificate.renewal_due':
      return fact.data.certificate.id;
    case 'certificate.deleted':
      return fact.data.certificate_id;
    default:
      return never(fact, 'fact of a workspace');
  }
}
