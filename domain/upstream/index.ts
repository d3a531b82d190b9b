// SPDX-License-Identifier: Apache-2.0
import { conflict, detail, never, notFound } from '../../kernel/index.js';
import type { CreateUpstream, UpdateUpstream, Upstream, WorkspaceFact } from '../../schemas/index.js';
import { refuseKnown } from '../fresh.js';
import { inPart } from '../part.js';
import { changedFields, merged, withDefaults } from '../workspace/changed.js';
import type { WorkspaceState } from '../workspace/state.js';
import { checkUpstream } from './check.js';
import { changedServers, completeServer, type UpstreamServerCommand } from './servers.js';

export { sameAddress } from './servers.js';

/** `at` is RFC 3339. */
export type UpstreamCommand =
  | {
      readonly type: 'create-upstream';
      readonly id: string;
      readonly body: CreateUpstream;
      readonly at: string;
    }
  | {
      readonly type: 'update-upstream';
      readonly id: string;
      readonly body: UpdateUpstream;
      readonly at: string;
    }
  | { readonly type: 'delete-upstream'; readonly id: string; readonly at: string }
  | UpstreamServerCommand;

const HEALTH_CHECK = {
  enabled: false,
  path: '/',
  interval: 10,
  timeout: 5,
  healthy_threshold: 2,
  unhealthy_threshold: 3,
};
/** What an upstream has of which nothing is said. */
const UPSTREAM = {
  algorithm: 'round_robin' as const,
  health_check: HEALTH_CHECK,
  keepalive_connections: 0,
};

export function decideUpstream(command: UpstreamCommand, state: WorkspaceState): readonly WorkspaceFact[] {
  switch (command.type) {
    case 'create-upstream': {
      const { id, body, at } = command;
      refuseKnown(state.upstreams, id);
      const upstream: Upstream = {
        id,
        workspace_id: state.workspace?.id ?? '',
        name: body.name,
        algorithm: body.algorithm ?? UPSTREAM.algorithm,
        servers: body.servers.map(completeServer),
        health_check: merged(HEALTH_CHECK, body.health_check ?? {}),
        keepalive_connections: body.keepalive_connections ?? UPSTREAM.keepalive_connections,
        created_at: at,
        updated_at: at,
      };
      checkUpstream(upstream, state);
      return [{ type: 'upstream.created', data: { upstream } }];
    }
    case 'update-upstream': {
      const current = existing(command.id, state);
      const { servers, health_check, ...rest } = withDefaults(command.body, UPSTREAM);
      const next = merged(current, {
        ...rest,
        servers: servers?.map(completeServer),
        health_check: health_check && merged(current.health_check, withDefaults(health_check, HEALTH_CHECK)),
      });
      return updated(current, next, command.at, state);
    }
    case 'add-upstream-server':
    case 'update-upstream-server':
    case 'remove-upstream-server': {
      const current = existing(command.id, state);
      const { servers, index } = changedServers(command, current);
      return inPart(`servers[${index}]`, () => updated(current, { ...current, servers }, command.at, state));
    }
    case 'delete-upstream':
      return remove(command.id, command.at, state);
    default:
      return never(command, 'command of an upstream');
  }
}

function updated(
  current: Upstream,
  next: Upstream,
  at: string,
  state: WorkspaceState,
): readonly WorkspaceFact[] {
  const changed = changedFields(current, next);
  if (changed.length === 0) {
    return [];
  }
  checkUpstream(next, state);
  return [{ type: 'upstream.updated', data: { upstream: { ...next, updated_at: at }, changed } }];
}

function existing(id: string, state: WorkspaceState): Upstream {
  const upstream = state.upstreams.get(id);
  if (!upstream) {
    throw notFound('upstream');
  }
  return upstream;
}

function remove(id: string, at: string, state: WorkspaceState): readonly WorkspaceFact[] {
  const { name } = existing(id, state);
  const users = [...state.virtualHosts.values()].filter((host) =>
    host.locations.some(({ upstream_id }) => upstream_id === id),
  );
  if (users.length > 0) {
    throw conflict(
      'The upstream is in use',
      users.slice(0, 20).map((host) => detail('id', 'IN_USE', `virtual host ${host.name} (${host.id})`)),
    );
  }
  return [{ type: 'upstream.deleted', data: { upstream_id: id, name, at } }];
}
