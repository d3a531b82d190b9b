// SPDX-License-Identifier: Apache-2.0
import { conflict, detail, never, notFound } from '../../kernel/index.js';
import type { CreateWorkspace, UpdateWorkspace, Workspace, WorkspaceFact } from '../../schemas/index.js';
import { type CertificateCommand, decideCertificate } from '../certificate/index.js';
import { decideEnrolment, type EnrolmentCommand } from '../enrolment/index.js';
import { decideRewind, type RewindCommand } from '../rewind/index.js';
import { decideUpstream, type UpstreamCommand } from '../upstream/index.js';
import { decideVirtualHost, type VirtualHostCommand } from '../virtual-host/index.js';
import { changedFields, merged } from './changed.js';
import type { WorkspaceState } from './state.js';

/** `at` is RFC 3339. */
export type WorkspaceCommand =
  | {
      readonly type: 'create-workspace';
      readonly id: string;
      readonly organizationId: string;
      readonly body: CreateWorkspace;
      readonly at: string;
    }
  | { readonly type: 'update-workspace'; readonly body: UpdateWorkspace; readonly at: string }
  | { readonly type: 'delete-workspace'; readonly at: string }
  | CertificateCommand
  | EnrolmentCommand
  | RewindCommand
  | UpstreamCommand
  | VirtualHostCommand;

export function decide(command: WorkspaceCommand, state: WorkspaceState): readonly WorkspaceFact[] {
  if (command.type === 'create-workspace') {
    return create(command, state);
  }
  const workspace = state.workspace;
  if (!workspace) {
    throw notFound('workspace');
  }
  switch (command.type) {
    case 'update-workspace': {
      const next = merged(workspace, command.body);
      const changed = changedFields(workspace, next);
      return changed.length === 0
        ? []
        : [{ type: 'workspace.updated', data: { workspace: { ...next, updated_at: command.at }, changed } }];
    }
    case 'delete-workspace':
      return remove(command.at, workspace, state);
    case 'enrol-agent':
    case 'register-agent':
    case 'update-agent':
    case 'remove-agent':
      return decideEnrolment(command, state);
    case 'create-upstream':
    case 'update-upstream':
    case 'delete-upstream':
    case 'add-upstream-server':
    case 'update-upstream-server':
    case 'remove-upstream-server':
      return decideUpstream(command, state);
    case 'create-virtual-host':
    case 'update-virtual-host':
    case 'delete-virtual-host':
    case 'add-location':
    case 'update-location':
    case 'remove-location':
      return decideVirtualHost(command, state);
    case 'upload-certificate':
    case 'delete-certificate':
    case 'request-certificate':
    case 'record-certificate-order':
    case 'record-certificate-challenge':
    case 'record-certificate-issued':
    case 'record-certificate-failed':
    case 'record-certificate-renewal-due':
      return decideCertificate(command, state);
    case 'undo-version':
    case 'roll-back':
    case 'apply-changes':
      return decideRewind(command, state);
    default:
      return never(command, 'command of a workspace');
  }
}

function create(
  { id, organizationId, body, at }: Extract<WorkspaceCommand, { type: 'create-workspace' }>,
  state: WorkspaceState,
): readonly WorkspaceFact[] {
  if (state.existed) {
    throw conflict('The workspace exists already');
  }
  const workspace = {
    id,
    organization_id: organizationId,
    name: body.name,
    slug: body.slug,
    created_at: at,
    updated_at: at,
  };
  return [{ type: 'workspace.created', data: { workspace } }];
}

function remove(at: string, workspace: Workspace, state: WorkspaceState): readonly WorkspaceFact[] {
  const users = [
    ...[...state.virtualHosts.values()].map(({ name }) => `virtual host ${name}`),
    ...[...state.upstreams.values()].map(({ name }) => `upstream ${name}`),
    ...[...state.certificates.values()].map(({ domain }) => `certificate ${domain}`),
    ...[...state.agents.values()].map(({ agent }) => `agent ${agent.name}`),
  ];
  if (users.length > 0) {
    throw conflict(
      'The workspace is not empty',
      users.slice(0, 20).map((user) => detail('id', 'IN_USE', user)),
    );
  }
  return [{ type: 'workspace.deleted', data: { workspace_id: workspace.id, at } }];
}
