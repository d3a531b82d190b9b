// SPDX-License-Identifier: Apache-2.0
import { conflict, detail, invalid, NxError, never, notFound } from '../../kernel/index.js';
import type { CreateAgentToken, EnrolledAgent, UpdateAgent, WorkspaceFact } from '../../schemas/index.js';
import { refuseKnown } from '../fresh.js';
import { labelClashes } from '../virtual-host/conflicts.js';
import { changedFields, merged } from '../workspace/changed.js';
import type { WorkspaceState } from '../workspace/state.js';

/** `at` and `expiresAt` are RFC 3339. */
export type EnrolmentCommand =
  | {
      readonly type: 'enrol-agent';
      readonly id: string;
      readonly body: CreateAgentToken;
      readonly tokenSha256: string;
      readonly expiresAt: string;
      readonly at: string;
    }
  | {
      readonly type: 'register-agent';
      readonly id: string;
      readonly tokenSha256: string;
      readonly publicKeySha256: string;
      readonly at: string;
    }
  | { readonly type: 'update-agent'; readonly id: string; readonly body: UpdateAgent; readonly at: string }
  | { readonly type: 'remove-agent'; readonly id: string; readonly at: string };

/** Agents as the workspace desires them: who may join, under which name and labels. */
export function decideEnrolment(command: EnrolmentCommand, state: WorkspaceState): readonly WorkspaceFact[] {
  switch (command.type) {
    case 'enrol-agent':
      return enrol(command, state);
    case 'register-agent':
      return register(command, state);
    case 'update-agent':
      return update(command, state);
    case 'remove-agent':
      return remove(command, state);
    default:
      return never(command, 'command of an enrolment');
  }
}

function enrol(
  { id, body, tokenSha256, expiresAt, at }: Extract<EnrolmentCommand, { type: 'enrol-agent' }>,
  state: WorkspaceState,
): readonly WorkspaceFact[] {
  refuseKnown(state.agents, id);
  const workspaceId = state.workspace?.id ?? '';
  const agent: EnrolledAgent = {
    id,
    workspace_id: workspaceId,
    name: body.name,
    labels: body.labels ?? {},
    created_at: at,
    updated_at: at,
  };
  uniqueName(agent, state);
  return [
    { type: 'agent.enrolled', data: { agent, token_sha256: tokenSha256, token_expires_at: expiresAt } },
  ];
}

// One answer for every reason: whoever guesses learns nothing.
const refused = (): NxError => new NxError('UNAUTHORIZED', 'The registration token is not valid');

function register(
  { id, tokenSha256, publicKeySha256, at }: Extract<EnrolmentCommand, { type: 'register-agent' }>,
  state: WorkspaceState,
): readonly WorkspaceFact[] {
  const enrolment = state.agents.get(id);
  if (!enrolment || enrolment.tokenSha256 !== tokenSha256) {
    throw refused();
  }
  if (enrolment.publicKeySha256 !== undefined) {
    // The answer of the first exchange may have been lost: the same key may ask again, no other.
    if (enrolment.publicKeySha256 === publicKeySha256) {
      return [];
    }
    throw refused();
  }
  if (Date.parse(enrolment.tokenExpiresAt) <= Date.parse(at)) {
    throw refused();
  }
  return [{ type: 'agent.registered', data: { agent_id: id, public_key_sha256: publicKeySha256, at } }];
}

function update(
  { id, body, at }: Extract<EnrolmentCommand, { type: 'update-agent' }>,
  state: WorkspaceState,
): readonly WorkspaceFact[] {
  const current = existing(id, state);
  const { labels, ...rest } = body;
  const next = merged(current, {
    ...rest,
    labels: labels === null ? {} : labels && patched(current.labels, labels),
  });
  if (Object.keys(next.labels).length > MAX_LABELS) {
    throw invalid([detail('labels', 'TOO_LONG', `Must have at most ${MAX_LABELS}`)]);
  }
  const changed = changedFields(current, next);
  if (changed.length === 0) {
    return [];
  }
  uniqueName(next, state);
  const clashes = changed.includes('labels') ? labelClashes(next, state) : [];
  if (clashes.length > 0) {
    throw conflict('With these labels the agent would get virtual hosts that exclude each other', clashes);
  }
  return [{ type: 'agent.updated', data: { agent: { ...next, updated_at: at }, changed } }];
}

const MAX_LABELS = 64;
type Labels = EnrolledAgent['labels'];

/** RFC 7396: a value sets a label, null takes it away. */
const patched = (labels: Labels, patch: Readonly<Record<string, string | null>>): Labels =>
  Object.fromEntries(
    Object.entries({ ...labels, ...patch }).flatMap(([name, value]) =>
      value === null ? [] : [[name, value]],
    ),
  );

function remove(
  { id, at }: Extract<EnrolmentCommand, { type: 'remove-agent' }>,
  state: WorkspaceState,
): readonly WorkspaceFact[] {
  const { name } = existing(id, state);
  const users = [...state.virtualHosts.values()].filter(
    ({ target_agents: target }) => target.type === 'list' && target.agent_ids.includes(id),
  );
  if (users.length > 0) {
    throw conflict(
      'The agent is named as a target',
      users.map((host) => detail('id', 'IN_USE', `virtual host ${host.name} (${host.id})`)),
    );
  }
  return [{ type: 'agent.removed', data: { agent_id: id, name, at } }];
}

function existing(id: string, state: WorkspaceState): EnrolledAgent {
  const enrolment = state.agents.get(id);
  if (!enrolment) {
    throw notFound('agent');
  }
  return enrolment.agent;
}

function uniqueName({ id, name }: EnrolledAgent, state: WorkspaceState): void {
  if (name.trim() === '') {
    throw invalid([detail('name', 'INVALID_FORMAT', 'Must not be blank')]);
  }
  for (const { agent } of state.agents.values()) {
    if (agent.name === name && agent.id !== id) {
      throw conflict('The name is taken', [detail('name', 'DUPLICATE', 'Another agent has this name')]);
    }
  }
}
