// SPDX-License-Identifier: Apache-2.0
import { conflict, detail, never, notFound } from '../../kernel/index.js';
import type {
  CreateUpstream,
  UpdateUpstream,
  Upstream,
  UpstreamServer,
  WorkspaceFact,
} from '../../schemas/index.js';
import { refuseKnown } from '../fresh.js';
import { changedFields, merged } from '../workspace/changed.js';
import type { WorkspaceState } from '../workspace/state.js';
import { checkUpstream } from './check.js';

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
  | { readonly type: 'delete-upstream'; readonly id: string; readonly at: string };

/** nginx's own defaults for a server of an upstream. */
const SERVER = { address: '', weight: 1, backup: false, down: false, max_fails: 1, fail_timeout: 10 };
const HEALTH_CHECK = {
  enabled: false,
  path: '/',
  interval: 10,
  timeout: 5,
  healthy_threshold: 2,
  unhealthy_threshold: 3,
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
        algorithm: body.algorithm ?? 'round_robin',
        servers: body.servers.map(complete),
        health_check: merged(HEALTH_CHECK, body.health_check ?? {}),
        keepalive_connections: body.keepalive_connections ?? 0,
        created_at: at,
        updated_at: at,
      };
      checkUpstream(upstream, state);
      return [{ type: 'upstream.created', data: { upstream } }];
    }
    case 'update-upstream': {
      const current = existing(command.id, state);
      const { servers, health_check, ...rest } = command.body;
      const next = merged(current, {
        ...rest,
        servers: servers?.map(complete),
        health_check: health_check && merged(current.health_check, health_check),
      });
      const changed = changedFields(current, next);
      if (changed.length === 0) {
        return [];
      }
      checkUpstream(next, state);
      return [{ type: 'upstream.updated', data: { upstream: { ...next, updated_at: command.at }, changed } }];
    }
    case 'delete-upstream':
      return remove(command.id, command.at, state);
    default:
      return never(command, 'command of an upstream');
  }
}

const complete = (server: CreateUpstream['servers'][number]): UpstreamServer => merged(SERVER, server);

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
